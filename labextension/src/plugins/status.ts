/** The line of the status bar. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { StatusItem } from '../statusitem';
import { CommandIDs, IPluginService } from '../tokens';

export const status: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:status',
  description: 'What goes on with the plugins of the active kernel, in the status bar.',
  autoStart: true,
  requires: [IPluginService],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, service: IPluginService, bar: IStatusBar | null) => {
    if (bar === null) return;
    const item = new StatusItem(service, () => {
      void app.commands.execute(CommandIDs.open);
    });
    bar.registerStatusItem('themis-jupyter:status', {
      item,
      align: 'left',
      rank: 20,
      isActive: () => item.isActive,
      activeStateChanged: item.activeChanged,
    });
  },
};
