/** Adds commands, each with its entry in the palette. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import { _ } from 'themis-jupyter-ui';

export function addCommand(
  app: JupyterFrontEnd,
  palette: ICommandPalette | null,
  id: string,
  options: CommandRegistry.ICommandOptions,
): void {
  app.commands.addCommand(id, options);
  palette?.addItem({ command: id, category: _('Plugins') });
}
