/** Tells of reloads that failed, also where nobody looks at the side bar: after a save, in another notebook. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { _, type Plugin } from 'themis-jupyter-ui';
import type { KernelLink } from '../link';
import { newsOf } from '../news';
import type { Action } from '../notices';
import { canRevert } from '../summary';
import { CommandIDs, IPluginService } from '../tokens';

export const notifications: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:notifications',
  description: 'Notifications of reloads that failed.',
  autoStart: true,
  requires: [IPluginService],
  activate: (app: JupyterFrontEnd, service: IPluginService) => {
    const { links, documents, following, notices, options } = service;
    /** By link, the plugins as they were told last. */
    const known = new WeakMap<KernelLink, ReadonlyMap<string, Plugin>>();

    const actionsOf = (link: KernelLink, plugin: Plugin): Action[] => {
      const run = (id: string) => () => {
        void app.commands.execute(id, { plugin: plugin.name, kernel: link.kernel.id });
      };
      const showError = (): void => {
        // The side bar is about the active document.
        const document = documents.documentOf(link);
        if (link !== following.link && document !== null) app.shell.activateById(document.id);
        run(CommandIDs.showErrors)();
      };
      return [
        { label: _('Show Error'), run: showError },
        { label: _('Open File'), run: run(CommandIDs.openSource) },
        // After a roll-back the last good version runs already.
        ...(plugin.life === 'broken' && canRevert(plugin)
          ? [{ label: _('Revert'), run: run(CommandIDs.revert) }]
          : []),
      ];
    };

    links.linkChanged.connect((_sender, link) => {
      const plugins = link.snapshot?.plugins;
      if (plugins === undefined || link.snapshot?.kernel === null) {
        known.delete(link);
        return;
      }
      const before = known.get(link);
      if (before === plugins) return;
      known.set(link, plugins);
      const { notifications: wanted } = options.values;
      if (before === undefined || wanted === 'none') return;
      for (const { plugin, failed } of newsOf(before, plugins)) {
        const text = plugin.last?.headline ?? '';
        if (failed) notices.tell(text, 'error', actionsOf(link, plugin));
        else if (wanted === 'all') notices.tell(text, 'success');
      }
    });
  },
};
