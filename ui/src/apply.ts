/** How the messages of a feed change a snapshot. Nothing here sends, waits or remembers. */
import {
  isPlugin,
  type LogEntry,
  type Operation,
  type Patch,
  type Plugin,
  type State,
} from './protocol';
import type { Snapshot } from './snapshot';
import { t } from './strings';

const LOG_LIMIT = 1000;
const OPERATION_LIMIT = 300;

export type Change = { -readonly [K in keyof Snapshot]?: Snapshot[K] };

/** What a whole state puts in the place of what was known. */
export function ofState(state: State): Change {
  return {
    kernel: state.kernel,
    package: state.package,
    plugins: new Map(state.plugins.map((p) => [p.name, p])),
    operations: new Map(state.operations.map((o) => [o.number, o])),
    log: state.log.slice(-LOG_LIMIT),
    dropped: 0,
  };
}

/** What a patch changes; null where it speaks of plugins that we know too little of. */
export function ofPatch(now: Snapshot, patch: Patch): Change | null {
  const change: Change = {};
  if (patch.plugins !== undefined || patch.order !== undefined) {
    const plugins = patched(now.plugins, patch);
    if (plugins === null) return null;
    change.plugins = plugins;
    const answers = stillTrue(now, plugins);
    if (answers !== null) change.answers = answers;
  }
  if (patch.operations !== undefined) {
    const operations = new Map(now.operations);
    for (const operation of patch.operations) operations.set(operation.number, operation);
    for (const number of operations.keys()) {
      if (operations.size <= OPERATION_LIMIT) break;
      operations.delete(number);
    }
    change.operations = operations;
  }
  const newest = patch.log?.at(-1);
  if (patch.log !== undefined && newest !== undefined) {
    change.log = appended(now.log, patch.log);
    change.skew = skewOf(now.skew, newest.time);
  }
  if (patch.dropped) change.dropped = now.dropped + patch.dropped;
  return change;
}

/** What is to be said aloud of a patch: how operations ended, not each step. */
export function endings(now: Snapshot, patch: Patch): string {
  return (patch.operations ?? [])
    .filter((o) => o.elapsed !== null && !hasEnded(now.operations.get(o.number)))
    .slice(-5)
    .map((o) => t.ended(o.plugins, o.outcome))
    .join(' ');
}

const hasEnded = (operation: Operation | undefined): boolean =>
  operation !== undefined && operation.elapsed !== null;

function patched(before: ReadonlyMap<string, Plugin>, patch: Patch): Map<string, Plugin> | null {
  const plugins = new Map(before);
  for (const [name, fields] of Object.entries(patch.plugins ?? {})) {
    if (fields === null) {
      plugins.delete(name);
      continue;
    }
    const whole: unknown = { ...plugins.get(name), ...fields };
    if (!isPlugin(whole)) return null;
    plugins.set(name, whole);
  }
  if (patch.order === undefined) return plugins;
  const ordered = new Map<string, Plugin>();
  for (const name of [...patch.order, ...plugins.keys()]) {
    const plugin = plugins.get(name);
    if (plugin !== undefined) ordered.set(name, plugin);
  }
  return ordered;
}

/**
 * The answers without those that told how a plugin's last operation ended, where a later one has
 * ended since; null where all stay.
 */
function stillTrue(
  now: Snapshot,
  plugins: ReadonlyMap<string, Plugin>,
): Snapshot['answers'] | null {
  const stale = [...now.answers].filter(([name, answer]) => {
    const before = now.plugins.get(name)?.last;
    return answer.text === before?.headline && plugins.get(name)?.last?.time !== before.time;
  });
  if (stale.length === 0) return null;
  const answers = new Map(now.answers);
  for (const [name] of stale) answers.delete(name);
  return answers;
}

/** The newest entries; only those that stay are copied, and once. */
function appended(log: readonly LogEntry[], more: readonly LogEntry[]): readonly LogEntry[] {
  if (more.length >= LOG_LIMIT) return more.slice(-LOG_LIMIT);
  return log.slice(Math.max(0, log.length + more.length - LOG_LIMIT)).concat(more);
}

/** The least that a live event has been late is the difference of the clocks, nearly. */
function skewOf(before: number, time: number): number {
  const late = Date.now() / 1000 - time;
  return before === 0 ? late : Math.min(before, late);
}
