/** Follows the notebooks, consoles and kernels of the page, for all other plugins. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IConsoleTracker } from '@jupyterlab/console';
import { PageConfig } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import { setBundle } from 'themis-jupyter-ui';
import { keepCommandsInStep } from '../commandsteps';
import { Documents } from '../documents';
import { askForDrift } from '../drift';
import { Files } from '../files';
import { Following } from '../following';
import { Links } from '../links';
import { Notices } from '../notices';
import { Opener } from '../opener';
import { follow, Options } from '../options';
import { Requests } from '../requests';
import { IPluginService } from '../tokens';

const ID = 'themis-jupyter:plugin';

export const service: JupyterFrontEndPlugin<IPluginService> = {
  id: ID,
  description: 'Follows the plugins of the kernels that this page has open.',
  autoStart: true,
  provides: IPluginService,
  optional: [INotebookTracker, IConsoleTracker, IDocumentManager, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    manager: IDocumentManager | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
  ): IPluginService => {
    // Before any other plugin says something.
    if (translator !== null) setBundle(translator.load('themis_jupyter'));
    const { contents } = app.serviceManager;
    const links = new Links();
    const documents = new Documents(links);
    const following = new Following(documents);
    const files = new Files(links, contents, PageConfig.getOption('serverRoot'));
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
    // The last one that was active stays in view while a file, or the side bar itself, is used.
    const look = (): void => {
      const { currentWidget } = app.shell;
      const active = documents.all.find((each) => (each as unknown) === currentWidget);
      if (active !== undefined) following.follow(active);
      else if (following.followed.kind === 'nothing')
        following.follow(notebooks?.currentWidget ?? consoles?.currentWidget ?? null);
    };
    app.shell.currentChanged?.connect(look);
    documents.documentsChanged.connect(look);
    look();

    links.linkChanged.connect((_, link) => {
      const path = documents.documentOf(link)?.sessionContext.path;
      if (path !== undefined) files.learn(link, path);
    });
    closeWithThePage(links);
    askForDrift(app, links);
    keepCommandsInStep(app, { links, documents, following });
    if (settings !== null) void follow(settings, ID, options);
    return {
      links,
      documents,
      following,
      files,
      options,
      notices,
      opener: new Opener(manager, files, notices),
      requests: new Requests(notices),
    };
  },
};

/** A kernel cannot know that a page went away; it would go on telling it. */
function closeWithThePage(links: Links): void {
  window.addEventListener('pagehide', () => {
    for (const link of links.all) link.close();
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) for (const link of links.all) void link.open();
  });
}
