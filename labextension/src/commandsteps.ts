/** Keeps menus, palette and toolbars in step: whether a command can be used changes with the kernels. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { KernelLink } from './link';
import { canRevert, pluginsOf, summaryOf } from './summary';
import { CommandIDs, type IPluginService } from './tokens';

export function keepCommandsInStep(
  app: JupyterFrontEnd,
  { links, documents, following }: Pick<IPluginService, 'links' | 'documents' | 'following'>,
): void {
  let before = '';
  let asked = false;
  const look = (): void => {
    asked = false;
    const told = (link: KernelLink): unknown => {
      const { loaded, failed, drifted } = summaryOf(link);
      const more = pluginsOf(link).map((plugin) => [canRevert(plugin), plugin.watched !== '']);
      return [link === following.link, link.state.kind, loaded, failed, drifted, more];
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
