/** The commands that ask a kernel for something. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { _, type Plugin } from 'themis-jupyter-ui';
import { chosen, named } from '../choices';
import { icon } from '../icon';
import { addCommand } from '../register';
import { canRevert, hasFailed, isLoaded, pluginsOf } from '../summary';
import { CommandIDs, IPluginService } from '../tokens';

export const commands: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:commands',
  description: 'Commands that reload plugins, watch them and bring versions back.',
  autoStart: true,
  requires: [IPluginService],
  optional: [ICommandPalette, IEditorTracker],
  activate: (
    app: JupyterFrontEnd,
    { links, following, files, opener, requests }: IPluginService,
    palette: ICommandPalette | null,
    editors: IEditorTracker | null,
  ) => {
    /** The link that is meant: of a kernel that is named, else that of the active document. */
    const linkOf = ({ kernel }: { readonly kernel?: unknown }) =>
      typeof kernel === 'string'
        ? (links.all.find((each) => each.kernel.id === kernel) ?? null)
        : following.link;
    const some = (test: (plugin: Plugin) => boolean, args: { readonly kernel?: unknown }) =>
      pluginsOf(linkOf(args)).some(test);
    const inEditor = () => {
      const path = editors?.currentWidget?.context.path;
      return path === undefined ? [] : files.pluginsAt(path);
    };

    addCommand(app, palette, CommandIDs.reloadNotebook, {
      label: _('Reload Plugins of This Notebook'),
      caption: _('Bring the saved code of all plugins of this kernel in, in place'),
      icon,
      isEnabled: (args) => some(isLoaded, args),
      execute: async (args) => {
        const link = linkOf(args);
        if (link !== null) await requests.reload(link);
      },
    });
    addCommand(app, palette, CommandIDs.reloadAll, {
      label: _('Reload All Plugins'),
      caption: _('Reload the plugins of every kernel that this page has open'),
      icon,
      isEnabled: () => links.all.some((link) => pluginsOf(link).some(isLoaded)),
      execute: () => requests.reloadAll(links.all),
    });
    addCommand(app, palette, CommandIDs.reloadFile, {
      label: _('Reload the Plugin of This File'),
      caption: _('Bring the saved code of this file in, in each kernel that uses it'),
      icon,
      isEnabled: () => inEditor().length > 0,
      execute: async () => {
        await Promise.all(
          inEditor().map(({ link, plugin }) => requests.reload(link, [plugin.name])),
        );
      },
    });
    addCommand(app, palette, CommandIDs.watch, {
      label: _('Reload Plugins When Their Files Are Saved'),
      caption: _('Watch the files of all plugins of this kernel, or stop that'),
      isToggleable: true,
      isEnabled: (args) => some(isLoaded, args),
      isToggled: (args) => isWatched(pluginsOf(linkOf(args))),
      execute: async (args) => {
        const link = linkOf(args);
        if (link !== null) await requests.watch(link, !isWatched(pluginsOf(link)));
      },
    });
    addCommand(app, palette, CommandIDs.revert, {
      label: _('Revert a Plugin…'),
      caption: _('Bring back the version before the last reload; the file stays as it is'),
      isEnabled: (args) => some(canRevert, args),
      execute: async (args) => {
        const link = linkOf(args);
        const title = _('Revert a Plugin');
        const plugin = await chosen(title, named(pluginsOf(link).filter(canRevert), args));
        if (link === null || plugin === null) return;
        const body = _(
          'Bring the version of %1 before the last reload back? The file stays as it is.',
          plugin.name,
        );
        const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label: _('Revert') })];
        const { button } = await showDialog({ title, body, buttons });
        if (button.accept) await requests.revert(link, plugin.name);
      },
    });
    addCommand(app, palette, CommandIDs.openSource, {
      label: _('Open the Source of a Plugin…'),
      caption: _('Open the file of a plugin; at the line that failed, where one did'),
      isEnabled: (args) => some(hasSource, args),
      execute: async (args) => {
        const link = linkOf(args);
        const all = named(pluginsOf(link).filter(hasSource), args);
        const failed = all.filter(hasFailed);
        const title = _('Open the Source of a Plugin');
        const plugin = await chosen(title, failed.length > 0 ? failed : all);
        if (link === null || plugin === null) return;
        const where = plugin.error?.where ?? null;
        opener.open(link, where?.file ?? plugin.file, where?.line ?? null);
      },
    });
  },
};

const hasSource = (plugin: Plugin): boolean =>
  plugin.file !== '' || (plugin.error?.where ?? null) !== null;

/** Whether all plugins that are loaded are watched. */
function isWatched(plugins: readonly Plugin[]): boolean {
  const loaded = plugins.filter(isLoaded);
  return loaded.length > 0 && loaded.every((plugin) => plugin.watched !== '');
}
