/** Asks which plugin is meant, where that is not clear. */
import { InputDialog } from '@jupyterlab/apputils';
import { _, type Plugin } from 'themis-jupyter-ui';

/** Returns the only one, or the one that the user picks; null where there is none, or none is picked. */
export async function chosen(title: string, plugins: readonly Plugin[]): Promise<Plugin | null> {
  if (plugins.length <= 1) return plugins[0] ?? null;
  const names = plugins.map((plugin) => plugin.name);
  const { value, button } = await InputDialog.getItem({
    title,
    label: _('Plugin'),
    items: names,
    current: 0,
  });
  if (!button.accept || value === null) return null;
  return plugins.find((plugin) => plugin.name === value) ?? null;
}

/** Which plugin a command is about, from its arguments. */
export function named(
  plugins: readonly Plugin[],
  args: { readonly plugin?: unknown },
): readonly Plugin[] {
  return typeof args.plugin === 'string'
    ? plugins.filter((plugin) => plugin.name === args.plugin)
    : plugins;
}
