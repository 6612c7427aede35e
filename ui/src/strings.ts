/** All that the view says. Each is a function: it speaks the language in use when it is called. */
import { oneLine, seconds } from './format';
import type { DiffData } from './protocol';
import { _, _n } from './translation';
import * as words from './words';

const names = (list: readonly string[], most: number): string =>
  list
    .slice(0, most)
    .map((name) => oneLine(name, 60))
    .join(', ');

export const t = {
  life: words.life,
  outcome: words.outcome,
  operation: words.operation,
  timeline: words.timeline,
  stepStatus: words.stepStatus,
  entryStatus: words.entryStatus,
  phase: words.phase,
  drift: words.drift,
  way: words.way,
  panel: () => _('Plugins of this kernel'),
  plugin: () => _('Plugin'),
  search: () => _('Search plugins'),
  sort: () => _('Sort by'),
  sortName: () => _('name'),
  sortLife: () => _('life'),
  sortChange: () => _('last change'),
  reloadAll: () => _('Reload all'),
  reload: () => _('Reload'),
  reloadDependents: () => _('Reload with dependents'),
  revert: () => _('Revert'),
  unload: () => _('Unload'),
  load: () => _('Load'),
  loadRestore: () => _('Load and restore'),
  kept: (kept: string) => oneLine(kept, 120),
  watch: () => _('Watch'),
  busy: (action: string) => _('%1…', action),
  on: (action: string, name: string) => _('%1: %2', action, oneLine(name, 80)),
  version: (version: string) => _('version %1', oneLine(version, 40)),
  inFlight: (count: number) => _n('%1 call in flight', '%1 calls in flight', count),
  state: (size: string) => _('state %1', size),
  watched: (how: string) => _('watched: %1', oneLine(how, 60)),
  dependents: (plugins: readonly string[]) =>
    plugins.length > 6
      ? _n(
          'needed by %2 and %1 more',
          'needed by %2 and %1 more',
          plugins.length - 6,
          names(plugins, 6),
        )
      : _('needed by %1', names(plugins, 6)),
  at: (time: string) => _('at %1', time),
  took: (elapsed: number) => _('in %1', seconds(elapsed)),
  running: (elapsed: number) => _('%1 so far', seconds(elapsed)),
  noOperation: () => _('Nothing was done with it yet. Its steps show here when you reload it.'),
  bytes: (done: string, total: string | null) =>
    total === null ? done : _('%1 of %2', done, total),
  progress: (phase: string) => _('Progress of %1', words.phase(phase)),
  error: () => _('What went wrong'),
  traceback: () => _('Traceback'),
  where: (file: string, line: number) => _('%1, line %2', oneLine(file, 120), line),
  openLine: (line: number) => _('Open line %1', line),
  own: () => _('Its own widget'),
  ownElsewhere: () => _('It shows in the panel of a notebook: run PluginPanel() in a cell.'),
  ownWaiting: () => _('Asking for it…'),
  ownNone: () => _('It has no widget to show just now.'),
  ownOdd: () => _('The kernel sent no widget that this page can read.'),
  ownFailed: (why: string) => _('It could not be shown: %1', oneLine(why, 300)),
  copy: () => _('Copy'),
  copied: () => _('Copied'),
  copyFailed: () => _('Select the text and copy it'),
  diff: () => _('What differs on disk'),
  diffWaiting: () => _('Comparing…'),
  diffNone: () => _('What runs is what is on disk.'),
  diffAgain: () => _('Compare again'),
  diffOdd: () => _('The kernel sent no comparison that this page can read.'),
  left: (count: number) => _n('… %1 more line', '… %1 more lines', count),
  moduleWord: (word: DiffData['modules'][number]['word'], name: string) =>
    _('%1 (%2)', oneLine(name, 120), words.moduleWord(word)),
  config: () => _('Configuration'),
  stateTitle: () => _('State'),
  history: () => _('Versions'),
  noHistory: () =>
    _('There is no earlier version to go back to. Each reload that changes something makes one.'),
  versionNumber: (n: number) => _('version %1', n),
  runs: () => _('runs now'),
  what: () => _('What to bring back'),
  both: () => _('code and state'),
  codeOnly: () => _('code only'),
  stateOnly: () => _('state only'),
  revertTo: (n: number) => _('Revert to version %1', n),
  askRevert: (n: number) => _('Bring version %1 back? The file stays as it is.', n),
  yesRevert: () => _('Yes, revert'),
  askUnload: (dependents: number) =>
    dependents > 0
      ? _n(
          'Unload it, and %1 plugin that needs it? Their state is not kept.',
          'Unload it, and %1 plugins that need it? Their state is not kept.',
          dependents,
        )
      : _('Unload it? Its state is not kept.'),
  yesUnload: () => _('Yes, unload'),
  cancel: () => _('Cancel'),
  file: () => _('File'),
  log: () => _('Event log'),
  logText: () => _('Filter the log by text'),
  logPlugin: () => _('Plugin in the log'),
  allPlugins: () => _('all plugins'),
  failedOnly: () => _('failed only'),
  logEmpty: () => _('No event yet. Load or reload a plugin, and its steps are listed here.'),
  logNone: () => _('No event fits the filter.'),
  logMore: (count: number) => _n('Show %1 more', 'Show %1 more', count),
  dropped: (count: number) =>
    _n(
      '%1 event came too fast to be shown; %plugin_events has them.',
      '%1 events came too fast to be shown; %plugin_events has them.',
      count,
    ),
  noPlugins: () => _('No plugin is loaded, and none was found.'),
  noPluginsAdvice: () => _('Load one in a cell:'),
  noMatch: (text: string) => _('No plugin fits “%1”.', oneLine(text, 60)),
  clearSearch: () => _('Clear the search'),
  noSuchPlugin: (name: string) => _('There is no plugin %1 in this kernel.', oneLine(name, 120)),
  noSuchAdvice: () => _('Load it in a cell:'),
  connecting: () => _('Asking the kernel…'),
  waiting: () => _('The kernel is running a cell. Requests wait until the cell ends.'),
  goneTitle: (why: 'closed' | 'silent') =>
    why === 'closed'
      ? _('The kernel was restarted or shut down.')
      : _('The kernel does not answer.'),
  goneAdvice: (why: 'closed' | 'silent') =>
    why === 'closed'
      ? _('To load your plugins and restore their state, run this in a cell:')
      : _(
          'If it is running a cell, wait for that to end and try again. If it was restarted, run this in a cell:',
        ),
  tryAgain: () => _('Try again'),
  lastKnown: () => _('Last known:'),
  kernelRestarted: () => _('The kernel was restarted.'),
  otherProtocol: (version: string, theirs: number, ours: number) =>
    _(
      'themis_jupyter %1 in the kernel speaks protocol %2, this page %3: install the same version on both sides and reload the page.',
      oneLine(version, 30),
      theirs,
      ours,
    ),
  notConnected: () => _('The kernel cannot be reached, so nothing was done.'),
  alreadyAsked: () => _('That was asked for already; wait for its answer.'),
  noAnswer: (after: number) =>
    _(
      'The kernel did not answer within %1. Whether it was done shows in the event log.',
      seconds(after),
    ),
  malformed: (why: string) => _('a message from the kernel was ignored (%1).', why),
  ended: (plugins: readonly string[], outcome: string) =>
    plugins.length > 3
      ? _n(
          '%2 and %1 more: %3.',
          '%2 and %1 more: %3.',
          plugins.length - 3,
          names(plugins, 3),
          words.outcome(outcome),
        )
      : _('%1: %2.', names(plugins, 3), words.outcome(outcome)),
  dismiss: () => _('Dismiss'),
  badView: (view: string) => _('There is no view “%1”.', oneLine(view, 60)),
  broke: () => _('This part of the panel could not be shown. Run its cell again.'),
};

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
