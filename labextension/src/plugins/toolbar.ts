/** The reload button of a notebook's toolbar, with a badge. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ReloadButton } from '../reloadbutton';
import { CommandIDs, IPluginService } from '../tokens';

export const toolbar: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:toolbar',
  description: 'A reload button in the toolbar of notebooks.',
  autoStart: true,
  requires: [IPluginService],
  optional: [IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    service: IPluginService,
    registry: IToolbarWidgetRegistry | null,
  ) => {
    registry?.addFactory<NotebookPanel>(
      'Notebook',
      'themis-jupyter-reload',
      (notebook) =>
        new ReloadButton(service, notebook, () => {
          void app.commands.execute(CommandIDs.open);
        }),
    );
  },
};
