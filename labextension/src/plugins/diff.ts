/** The command that compares what runs and what is saved. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { some } from '@lumino/algorithm';
import { _ } from 'themis-jupyter-ui';
import { chosen, named } from '../choices';
import { DiffView, idOf } from '../diff';
import { addCommand } from '../register';
import { hasDrifted, isLoaded, pluginsOf } from '../summary';
import { CommandIDs, IPluginService } from '../tokens';

export const diff: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:diff',
  description: 'Shows what differs between the running and the saved source of a plugin.',
  autoStart: true,
  requires: [IPluginService, IEditorServices],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    { links, following, requests }: IPluginService,
    { factoryService }: IEditorServices,
    palette: ICommandPalette | null,
  ) => {
    addCommand(app, palette, CommandIDs.showDiff, {
      label: _('Show What Differs from a Plugin’s File…'),
      caption: _('Compare what runs of a plugin with what is saved'),
      isEnabled: () => pluginsOf(following.link).some(isLoaded),
      execute: async (args) => {
        const link = links.all.find((each) => each.kernel.id === args.kernel) ?? following.link;
        const loaded = named(pluginsOf(link).filter(isLoaded), args);
        const drifted = loaded.filter(hasDrifted);
        const title = _('Show What Differs from a Plugin’s File');
        const plugin = await chosen(title, drifted.length > 0 ? drifted : loaded);
        if (link === null || plugin === null) return;
        const id = idOf(link, plugin.name);
        const isShown = ['main', 'down'].some((area) =>
          some(app.shell.widgets(area), (each) => each.id === id),
        );
        if (!isShown) {
          const view = new DiffView(link, plugin.name, requests, factoryService);
          app.shell.add(view, 'main');
          // Notebook 7 has one document in the middle of its page.
          if (!view.isAttached) app.shell.add(view, 'down');
        }
        app.shell.activateById(id);
      },
    });
  },
};
