/** The words that a kernel sends, and that are shown: one that is not known is shown as it is. */
import { oneLine } from './format';
import type { DiffData, LogEntry, Operation, Plugin, Step } from './protocol';
import { _ } from './translation';

type Words<W extends string = string> = Record<W, () => string>;

const LIVES: Words<Plugin['life']> = {
  loaded: () => _('loaded'),
  broken: () => _('broken'),
  reloading: () => _('reloading'),
  'not loaded': () => _('not loaded'),
};
const OUTCOMES: Words = {
  loaded: () => _('loaded'),
  reloaded: () => _('reloaded'),
  unloaded: () => _('unloaded'),
  unchanged: () => _('unchanged'),
  aborted: () => _('aborted'),
  'rolled back': () => _('rolled back'),
  failed: () => _('failed'),
};
const OPERATIONS: Words<Operation['operation']> = {
  load: () => _('load'),
  reload: () => _('reload'),
  unload: () => _('unload'),
};
const TIMELINES: Words<Operation['operation']> = {
  load: () => _('Steps of this load'),
  reload: () => _('Steps of this reload'),
  unload: () => _('Steps of this unload'),
};
const STEPS: Words<Step['status']> = {
  started: () => _('running'),
  finished: () => _('done'),
  failed: () => _('failed'),
};
const ENTRIES: Words<LogEntry['status']> = {
  started: () => _('started'),
  finished: () => _('finished'),
  failed: () => _('failed'),
  ended: () => _('ended'),
  drift: () => _('drift'),
};
const PHASES: Words = {
  check: () => _('check'),
  verify: () => _('verify'),
  stage: () => _('stage'),
  'save state': () => _('save state'),
  'before unload': () => _('before unload'),
  unload: () => _('unload'),
  'after unload': () => _('after unload'),
  load: () => _('load'),
  create: () => _('create'),
  initialize: () => _('initialize'),
  'restore state': () => _('restore state'),
  'after load': () => _('after load'),
  rollback: () => _('rollback'),
};
const DRIFTS: Words = {
  edited: () => _('edited'),
  deleted: () => _('deleted'),
  unreadable: () => _('unreadable'),
  unknown: () => _('unknown'),
  reverted: () => _('reverted'),
};
const WAYS: Words = {
  load: () => _('load'),
  reload: () => _('reload'),
  revert: () => _('revert'),
};
const MODULES: Words<DiffData['modules'][number]['word']> = {
  added: () => _('added'),
  removed: () => _('removed'),
  changed: () => _('changed'),
};

const known =
  <W extends string>(words: Words<W>) =>
  (word: W): string =>
    Object.hasOwn(words, word) ? words[word]() : oneLine(word, 80);

export const life = known(LIVES);
export const outcome = known(OUTCOMES);
export const operation = known(OPERATIONS);
export const timeline = known(TIMELINES);
export const stepStatus = known(STEPS);
export const entryStatus = known(ENTRIES);
export const phase = known(PHASES);
export const drift = known(DRIFTS);
export const way = known(WAYS);
export const moduleWord = known(MODULES);
