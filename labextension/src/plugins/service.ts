/** Follows the notebooks, consoles and kernels of the page, for all other plugins. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IConsoleTracker } from '@jupyterlab/console';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import { setBundle } from 'themis-jupyter-ui';
import { Documents } from '../documents';
import { Files } from '../files';
import { Following } from '../following';
import { Links } from '../links';
import type { KernelLink } from '../link';
import { Notices } from '../notices';
import { Options } from '../options';
import { Requests } from '../requests';
import { summaryOf } from '../summary';
import { CommandIDs, IPluginService } from '../tokens';

const ID = 'themis-jupyter:plugin';

export const service: JupyterFrontEndPlugin<IPluginService> = {
  id: ID,
  description: 'Follows the plugins of the kernels that this page has open.',
  autoStart: true,
  provides: IPluginService,
  optional: [INotebookTracker, IConsoleTracker, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
  ): IPluginService => {
    // Before any other plugin says something.
    if (translator !== null) setBundle(translator.load('themis_jupyter'));
    const links = new Links();
    const documents = new Documents(links);
    const following = new Following(documents);
    const files = new Files(links, PageConfig.getOption('serverRoot'));
    const options = new Options();
    const notices = new Notices();

    for (const tracker of [notebooks, consoles]) {
      tracker?.widgetAdded.connect((_, each) => {
        documents.add(each);
      });
      tracker?.forEach((each) => {
        documents.add(each);
      });
    }
    // The last one that was active stays in view while the side bar itself is used.
    notebooks?.currentChanged.connect((_, each) => {
      following.follow(each ?? consoles?.currentWidget ?? null);
    });
    consoles?.currentChanged.connect((_, each) => {
      following.follow(each ?? notebooks?.currentWidget ?? null);
    });
    following.follow(notebooks?.currentWidget ?? consoles?.currentWidget ?? null);

    links.linkChanged.connect((_, link) => {
      const path = documents.documentOf(link)?.sessionContext.path;
      if (path !== undefined) files.learn(link, app.serviceManager.contents.localPath(path));
    });
    // A kernel cannot know that a page went away; it would go on telling it.
    window.addEventListener('pagehide', () => {
      for (const link of links.all) link.close();
    });
    window.addEventListener('pageshow', ({ persisted }) => {
      if (persisted) for (const link of links.all) void link.open();
    });
    keepCommandsInStep(app, { links, documents, following });
    if (settings !== null) void read(settings, options);
    return {
      links,
      documents,
      following,
      files,
      options,
      notices,
      requests: new Requests(notices),
    };
  },
};

/** Takes over the user's settings, now and whenever they change. */
async function read(settings: ISettingRegistry, options: Options): Promise<void> {
  try {
    const loaded = await settings.load(ID);
    const take = (): void => {
      options.set(loaded.composite);
    };
    loaded.changed.connect(take);
    take();
  } catch (error) {
    console.error(
      `themis-jupyter: the settings could not be read; the defaults hold. ${String(error)}`,
    );
  }
}

/** Whether a command can be used changes with what the kernels tell. */
function keepCommandsInStep(
  app: JupyterFrontEnd,
  { links, documents, following }: Pick<IPluginService, 'links' | 'documents' | 'following'>,
): void {
  let before = '';
  let asked = false;
  const look = (): void => {
    asked = false;
    const told = (link: KernelLink): unknown => {
      const { loaded, failed, drifted } = summaryOf(link);
      return [link.kernel.id, link === following.link, link.state.kind, loaded, failed, drifted];
    };
    const now = JSON.stringify(links.all.map(told));
    if (now === before) return;
    before = now;
    for (const id of Object.values(CommandIDs))
      if (app.commands.hasCommand(id)) app.commands.notifyCommandChanged(id);
  };
  const ask = (): void => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(look);
  };
  links.linkChanged.connect(ask);
  documents.documentsChanged.connect(ask);
  following.followedChanged.connect(ask);
}
