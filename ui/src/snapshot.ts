/** What a view shows: all that the kernel has told, and what it has been asked. */
import type { Body, LogEntry, Operation, Plugin, State } from './protocol';

/** Stands for all plugins. */
export const ALL = '';

/** Where we stand with the kernel. */
export type Connection =
  | { kind: 'connecting' }
  | { kind: 'connected' }
  /** It runs a cell, and takes requests only between cells. */
  | { kind: 'waiting' }
  /** It has been restarted or shut down, or is not known to be there. */
  | { kind: 'gone'; why: 'closed' | 'silent' }
  | { kind: 'refused'; text: string };

/** What came of a request. Each request gets one. */
export type Answer =
  | { kind: 'success'; text: string; data: unknown }
  | { kind: 'refusal'; text: string }
  | { kind: 'error'; text: string };

/** Whether an answer has to be shown. */
export const isBad = (answer: Answer | undefined): answer is Exclude<Answer, { kind: 'success' }> =>
  answer !== undefined && answer.kind !== 'success';

/** All that a view shows. A part that has not changed is the same object as before. */
export interface Snapshot {
  readonly connection: Connection;
  readonly kernel: State['kernel'] | null;
  readonly package: string;
  /** By name, in the kernel's order. */
  readonly plugins: ReadonlyMap<string, Plugin>;
  readonly operations: ReadonlyMap<number, Operation>;
  readonly log: readonly LogEntry[];
  /** How many entries of the log the kernel left out. */
  readonly dropped: number;
  /** What is asked for just now, by plugin; '' stands for all plugins. */
  readonly pending: ReadonlyMap<string, Body>;
  /** What came of the last request, by plugin, where that has to be said. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** For screen readers; `count` tells two equal ones apart. */
  readonly announcement: { readonly text: string; readonly count: number };
  /** Whether this is another kernel than the one that was shown before. */
  readonly restarted: boolean;
  /** By how many seconds this page's clock is ahead of the kernel's. */
  readonly skew: number;
}

export const EMPTY: Snapshot = {
  connection: { kind: 'connecting' },
  kernel: null,
  package: '',
  plugins: new Map(),
  operations: new Map(),
  log: [],
  dropped: 0,
  pending: new Map(),
  answers: new Map(),
  announcement: { text: '', count: 0 },
  restarted: false,
  skew: 0,
};
