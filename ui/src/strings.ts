/** All that the panel says. Each is a function, so that a host can put a translation in its place. */
import { oneLine, seconds } from './format';

const some = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const english = {
  panel: () => 'Plugins of this kernel',
  plugin: () => 'Plugin',
  search: () => 'Search plugins',
  sort: () => 'Sort by',
  sortName: () => 'name',
  sortLife: () => 'life',
  sortChange: () => 'last change',
  reloadAll: () => 'Reload all',
  reload: () => 'Reload',
  reloadDependents: () => 'Reload with dependents',
  revert: () => 'Revert',
  unload: () => 'Unload',
  load: () => 'Load',
  loadRestore: () => 'Load and restore',
  kept: (kept: string) => oneLine(kept, 120),
  watch: () => 'Watch',
  busy: (kind: string) => `${kind}…`,
  on: (action: string, name: string) => `${action}: ${oneLine(name, 80)}`,
  details: () => 'Details',
  life: (life: string) => life,
  version: (version: string) => `version ${oneLine(version, 40)}`,
  inFlight: (count: number) => `${some(count, 'call')} in flight`,
  state: (size: string) => `state ${size}`,
  watched: (how: string) => `watched: ${oneLine(how, 60)}`,
  dependents: (names: readonly string[]) =>
    `needed by ${names
      .slice(0, 6)
      .map((n) => oneLine(n, 60))
      .join(', ')}${names.length > 6 ? ` and ${names.length - 6} more` : ''}`,
  at: (time: string) => `at ${time}`,
  took: (elapsed: number) => `in ${seconds(elapsed)}`,
  running: (elapsed: number) => `${seconds(elapsed)} so far`,
  timeline: (operation: string) => `Steps of this ${operation}`,
  noOperation: () => 'Nothing was done with it yet. Its steps show here when you reload it.',
  stepStatus: { started: 'running', finished: 'done', failed: 'failed' } as const,
  bytes: (done: string, total: string | null) => (total === null ? done : `${done} of ${total}`),
  progress: (phase: string) => `Progress of ${phase}`,
  error: () => 'What went wrong',
  traceback: () => 'Traceback',
  where: (file: string, line: number) => `${oneLine(file, 120)}, line ${line}`,
  openLine: (line: number) => `Open line ${line}`,
  own: () => 'Its own widget',
  ownElsewhere: () => 'It shows in the panel of a notebook: run PluginPanel() in a cell.',
  ownWaiting: () => 'Asking for it…',
  ownNone: () => 'It has no widget to show just now.',
  ownOdd: () => 'The kernel sent no widget that this page can read.',
  ownFailed: (why: string) => `It could not be shown: ${oneLine(why, 300)}`,
  copy: () => 'Copy',
  copied: () => 'Copied',
  copyFailed: () => 'Select the text and copy it',
  diff: () => 'What differs on disk',
  diffWaiting: () => 'Comparing…',
  diffNone: () => 'What runs is what is on disk.',
  diffAgain: () => 'Compare again',
  diffOdd: () => 'The kernel sent no comparison that this page can read.',
  left: (count: number) => `… ${some(count, 'more line')}`,
  moduleWord: (word: string, name: string) => `${oneLine(name, 120)} (${word})`,
  config: () => 'Configuration',
  stateTitle: () => 'State',
  history: () => 'Versions',
  noHistory: () =>
    'There is no earlier version to go back to. Each reload that changes something makes one.',
  versionNumber: (n: number) => `version ${n}`,
  runs: () => 'runs now',
  what: () => 'What to bring back',
  both: () => 'code and state',
  codeOnly: () => 'code only',
  stateOnly: () => 'state only',
  revertTo: (n: number) => `Revert to version ${n}`,
  askRevert: (n: number) => `Bring version ${n} back? The file stays as it is.`,
  askUnload: (dependents: number) =>
    dependents > 0
      ? `Unload it, and ${some(dependents, 'plugin')} that need${dependents === 1 ? 's' : ''} it? Their state is not kept.`
      : 'Unload it? Its state is not kept.',
  yes: (action: string) => `Yes, ${action.toLowerCase()}`,
  cancel: () => 'Cancel',
  file: () => 'File',
  log: () => 'Event log',
  logText: () => 'Filter the log by text',
  logPlugin: () => 'Plugin in the log',
  allPlugins: () => 'all plugins',
  failedOnly: () => 'failed only',
  logEmpty: () => 'No event yet. Load or reload a plugin, and its steps are listed here.',
  logNone: () => 'No event fits the filter.',
  logMore: (count: number) => `Show ${count} more`,
  dropped: (count: number) =>
    `${some(count, 'event')} came too fast to be shown; %plugin_events has them.`,
  noPlugins: () => 'No plugin is loaded, and none was found.',
  noPluginsAdvice: () => 'Load one in a cell:',
  noMatch: (text: string) => `No plugin fits “${oneLine(text, 60)}”.`,
  clearSearch: () => 'Clear the search',
  noSuchPlugin: (name: string) => `There is no plugin ${oneLine(name, 120)} in this kernel.`,
  noSuchAdvice: () => 'Load it in a cell:',
  connecting: () => 'Asking the kernel…',
  waiting: () => 'The kernel is running a cell. Requests wait until the cell ends.',
  goneTitle: (why: 'closed' | 'silent') =>
    why === 'closed' ? 'The kernel was restarted or shut down.' : 'The kernel does not answer.',
  goneAdvice: (why: 'closed' | 'silent') =>
    why === 'closed'
      ? 'To load your plugins and restore their state, run this in a cell:'
      : 'If it is running a cell, wait for that to end and try again. If it was restarted, run this in a cell:',
  tryAgain: () => 'Try again',
  lastKnown: () => 'Last known:',
  kernelRestarted: () => 'The kernel was restarted.',
  otherProtocol: (version: string, theirs: number, ours: number) =>
    `themis_jupyter ${oneLine(version, 30)} in the kernel speaks protocol ${theirs}, this page ${ours}: install the same version on both sides and reload the page.`,
  notConnected: () => 'The kernel cannot be reached, so nothing was done.',
  alreadyAsked: () => 'That was asked for already; wait for its answer.',
  noAnswer: (after: number) =>
    `The kernel did not answer within ${seconds(after)}. Whether it was done shows in the event log.`,
  malformed: (why: string) => `a message from the kernel was ignored (${why}).`,
  ended: (plugins: readonly string[], outcome: string) =>
    `${plugins
      .slice(0, 3)
      .map((n) => oneLine(n, 60))
      .join(
        ', ',
      )}${plugins.length > 3 ? ` and ${plugins.length - 3} more` : ''}: ${oneLine(outcome, 60)}.`,
  dismiss: () => 'Dismiss',
  badView: (view: string) => `There is no view “${oneLine(view, 60)}”.`,
  broke: () => 'This part of the panel could not be shown. Run its cell again.',
};

export type Strings = typeof english;

/** The strings in use. */
export const t: Strings = { ...english };

/** Puts translations in the place of the English strings. */
export function translate(strings: Partial<Strings>): void {
  Object.assign(t, strings);
}

/** The lines that bring plugins back after a restart. */
export function restoreLines(names: readonly string[], call = 'PluginPanel()'): string {
  const list = names.length > 0 ? names : ['NAME'];
  // What is no plain name cannot be one line of a cell: it is not put there to be run.
  const plain = list.filter((name) => /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name));
  return [
    '%load_ext themis_jupyter',
    ...plain.map((name) => `%load_plugin ${name} --restore`),
    call,
  ].join('\n');
}
