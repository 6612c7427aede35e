/** The plugins of the extension. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Following, Links } from './following';
import { icon } from './icon';
import { PANEL, PluginsPanel } from './panel';

const OPEN = 'themis-jupyter:open';

const panel: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:panel',
  description: 'The plugins of the active kernel, in a side bar.',
  autoStart: true,
  optional: [INotebookTracker, IConsoleTracker, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    palette: ICommandPalette | null,
  ) => {
    const following = new Following(new Links());
    const shown = new PluginsPanel(following);
    shown.title.icon = icon;
    shown.title.caption = 'Plugins';
    app.shell.add(shown, 'right', { rank: 1000 });
    // The last one that was active stays in view while the side bar itself is used.
    notebooks?.currentChanged.connect((_, each) => {
      following.follow(each ?? consoles?.currentWidget ?? null);
    });
    consoles?.currentChanged.connect((_, each) => {
      following.follow(each ?? notebooks?.currentWidget ?? null);
    });
    following.follow(notebooks?.currentWidget ?? consoles?.currentWidget ?? null);
    app.commands.addCommand(OPEN, {
      label: 'Show Plugins',
      caption: 'Show the plugins of the active kernel',
      icon,
      execute: () => {
        app.shell.activateById(PANEL);
      },
    });
    palette?.addItem({ command: OPEN, category: 'Plugins' });
  },
};

export default [panel];
