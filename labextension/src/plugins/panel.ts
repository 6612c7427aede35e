/** The side bar, and the commands that show it. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { _ } from 'themis-jupyter-ui';
import { icon } from '../icon';
import { PluginsPanel } from '../panel';
import { addCommand } from '../register';
import { hasFailed, pluginsOf } from '../summary';
import { CommandIDs, IPluginService, PANEL } from '../tokens';

export const panel: JupyterFrontEndPlugin<void> = {
  id: PANEL,
  description: 'The plugins of the active kernel, in a side bar.',
  autoStart: true,
  requires: [IPluginService],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    { following, opener, options }: IPluginService,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
  ) => {
    const shown = new PluginsPanel(following, (link, file, line) => {
      opener.open(link, file, line);
    });
    shown.title.icon = icon;
    shown.title.caption = _('Plugins');
    let { position } = options.values;
    app.shell.add(shown, position, { rank: 1000 });
    restorer?.add(shown, PANEL);
    options.optionsChanged.connect((_sender, values) => {
      if (values.position === position) return;
      ({ position } = values);
      const wasOpen = shown.isVisible;
      app.shell.add(shown, position, { rank: 1000 });
      if (wasOpen) app.shell.activateById(PANEL);
    });

    addCommand(app, palette, CommandIDs.open, {
      label: _('Show Plugins'),
      caption: _('Show the plugins of the active kernel'),
      icon,
      execute: () => {
        app.shell.activateById(PANEL);
      },
    });
    addCommand(app, palette, CommandIDs.showErrors, {
      label: _('Show Errors of Plugins'),
      caption: _('Show what went wrong with a plugin of the active kernel'),
      isEnabled: () => pluginsOf(following.link).some(hasFailed),
      execute: ({ plugin }) => {
        app.shell.activateById(PANEL);
        const name = typeof plugin === 'string' ? plugin : undefined;
        const found = name ?? pluginsOf(following.link).find(hasFailed)?.name;
        if (found !== undefined) shown.reveal(found);
      },
    });
  },
};
