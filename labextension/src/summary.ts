/** What a kernel's plugins come to, for a button and a line of the status bar. */
import type { Operation, Plugin, Snapshot } from 'themis-jupyter-ui';
import type { KernelLink } from './link';

export interface Summary {
  /** The most important first: a step runs, a plugin failed, one differs from its file, all is well. */
  readonly kind: 'nothing' | 'running' | 'failed' | 'drift' | 'ready';
  /** Names of the plugins that are loaded, that failed, and whose file differs from what runs. */
  readonly loaded: readonly string[];
  readonly failed: readonly string[];
  readonly drifted: readonly string[];
  /** The step that runs. */
  readonly phase: string;
}

export const NOTHING: Summary = {
  kind: 'nothing',
  loaded: [],
  failed: [],
  drifted: [],
  phase: '',
};

export const isLoaded = (plugin: Plugin): boolean => plugin.life !== 'not loaded';
export const hasFailed = (plugin: Plugin): boolean =>
  plugin.life === 'broken' || plugin.error !== null;
export const hasDrifted = (plugin: Plugin): boolean => isLoaded(plugin) && plugin.drift !== '';
/** Whether there is an earlier version to go back to. */
export const canRevert = (plugin: Plugin): boolean => plugin.versions.some((v) => !v.running);

/** The plugins of a link, as long as its kernel answers. */
export function pluginsOf(link: KernelLink | null): readonly Plugin[] {
  const snapshot = link?.snapshot ?? null;
  if (snapshot === null) return [];
  const { kind } = snapshot.connection;
  if (kind !== 'connected' && kind !== 'waiting') return [];
  return [...snapshot.plugins.values()];
}

export function summaryOf(link: KernelLink | null): Summary {
  const plugins = pluginsOf(link);
  const snapshot = link?.snapshot ?? null;
  if (snapshot === null || plugins.length === 0) return NOTHING;
  const names = (test: (plugin: Plugin) => boolean): string[] =>
    plugins.filter(test).map((plugin) => plugin.name);
  const found = {
    loaded: names(isLoaded),
    failed: names(hasFailed),
    drifted: names(hasDrifted),
    phase: phaseOf(snapshot),
  };
  return { kind: kindOf(found), ...found };
}

function kindOf({ loaded, failed, drifted, phase }: Omit<Summary, 'kind'>): Summary['kind'] {
  if (phase !== '') return 'running';
  if (failed.length > 0) return 'failed';
  if (drifted.length > 0) return 'drift';
  return loaded.length > 0 ? 'ready' : 'nothing';
}

/** The step that an operation is at; the operation itself before its first one. */
function phaseOf(snapshot: Snapshot): string {
  let running: Operation | undefined;
  for (const each of snapshot.operations.values()) if (each.elapsed === null) running = each;
  if (running === undefined) return '';
  const step = running.steps.filter(({ status }) => status === 'started').at(-1);
  return step?.phase ?? running.operation;
}
