/** What ended between two states of a kernel's plugins. */
import type { Plugin } from 'themis-jupyter-ui';

export interface News {
  readonly plugin: Plugin;
  readonly failed: boolean;
}

/** Returns the plugins that a reload ended for, each with how. */
export function newsOf(
  before: ReadonlyMap<string, Plugin>,
  after: ReadonlyMap<string, Plugin>,
): readonly News[] {
  const ended = [...after.values()].filter(
    ({ name, last }) => last !== null && last.time !== before.get(name)?.last?.time,
  );
  const news = ended.map((plugin) => ({ plugin, failed: plugin.error !== null }));
  // That it was as saved already is no news.
  return news.filter(({ plugin, failed }) => failed || plugin.last?.outcome === 'reloaded');
}
