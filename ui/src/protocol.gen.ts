// Made by "npm run protocol" from themis_jupyter/board/protocol.json: do not edit.

export type Protocol = Request | Message | OpenData | DiffData | WidgetData | TemplateData;
/**
 * From the page to the kernel. Each gets one Reply with its id.
 */
export type Request = Hello | Reload | Revert | Unload | Load | Watch | Diff | Widget | Template;
export type Id = string;
export type Name = string;
/**
 * From the kernel to the page.
 */
export type Message = Reply | State | Patch;

/**
 * Asks for the whole state; patches follow from there on.
 */
export interface Hello {
  kind: 'hello';
  id: Id;
  protocol: number;
}
export interface Reload {
  kind: 'reload';
  id: Id;
  /**
   * Empty for all that are loaded.
   *
   * @maxItems 10000
   */
  plugins: Name[];
  cascade?: boolean;
  fresh?: boolean;
  /**
   * By plugin, the number of the last operation that the page has seen end.
   */
  seen?: {
    [k: string]: number;
  };
}
export interface Revert {
  kind: 'revert';
  id: Id;
  plugin: Name;
  version?: number;
  what?: 'both' | 'code' | 'state';
}
export interface Unload {
  kind: 'unload';
  id: Id;
  plugin: Name;
  cascade?: boolean;
}
export interface Load {
  kind: 'load';
  id: Id;
  plugin: Name;
  restore?: boolean;
}
export interface Watch {
  kind: 'watch';
  id: Id;
  on: boolean;
  /**
   * Without it: all.
   */
  plugin?: string;
}
/**
 * What differs between two versions; the reply's data is a DiffData.
 */
export interface Diff {
  kind: 'diff';
  id: Id;
  plugin: Name;
  /**
   * A version's number, 'running' or 'file'.
   */
  a?: string;
  b?: string;
}
/**
 * Makes the plugin's own widget, or finds it; the reply's data is a WidgetData.
 */
export interface Widget {
  kind: 'widget';
  id: Id;
  plugin: Name;
}
/**
 * The text of a new plugin; the reply's data is a TemplateData. Nothing is written.
 */
export interface Template {
  kind: 'template';
  id: Id;
  plugin: Name;
  stateful?: boolean;
}
export interface Reply {
  kind: 'reply';
  id: string;
  /**
   * False where it was refused, or failed.
   */
  ok: boolean;
  /**
   * What came of it, in a sentence.
   */
  text: string;
  /**
   * What was asked for, where it was asked for something.
   */
  data?: {
    [k: string]: unknown;
  };
}
export interface State {
  kind: 'state';
  /**
   * The next patch has the next number.
   */
  seq: number;
  protocol: number;
  /**
   * Version of themis_jupyter in the kernel.
   */
  package: string;
  kernel: {
    /**
     * Another one after a restart.
     */
    id: string;
    python: string;
    /**
     * Whether a busy kernel can be reached.
     */
    subshells: boolean;
    /**
     * Absolute path of the notebook that the kernel was started for; empty where it is not known.
     */
    notebook: string;
  };
  /**
   * In the order in which they were loaded; those that are not loaded come last.
   */
  plugins: Plugin[];
  operations: Operation[];
  log: LogEntry[];
}
export interface Plugin {
  name: string;
  version: string;
  type: string;
  description: string;
  life: 'loaded' | 'broken' | 'reloading' | 'not loaded';
  /**
   * Empty where what runs is what is on disk.
   */
  drift: string;
  driftText: string;
  dependents: string[];
  /**
   * Calls in flight.
   */
  inFlight: number;
  /**
   * Bytes, when it was last saved.
   */
  stateSize: number | null;
  /**
   * How, in words; empty where it is not.
   */
  watched: string;
  last: null | Last;
  error: null | Failure;
  /**
   * The newest last.
   */
  versions: Version[];
  /**
   * Number of its last operation.
   */
  operation: number | null;
  file: string;
  /**
   * Another text each time that the plugin's own widget is to be asked for; null where it has none.
   */
  widget: string | null;
  /**
   * Of a plugin that is not loaded: what is kept of its state, in words; empty where nothing is.
   */
  kept: string;
}
export interface Last {
  outcome: 'reloaded' | 'unchanged' | 'aborted' | 'rolled back' | 'failed';
  headline: string;
  /**
   * Seconds since the epoch.
   */
  time: number;
  /**
   * Seconds.
   */
  elapsed: number;
}
export interface Failure {
  words: string;
  traceback: string;
  advice: string;
  /**
   * The plugin's own line that failed; null where it is not known.
   */
  where: null | Where;
}
export interface Where {
  /**
   * Absolute path, on the kernel's machine.
   */
  file: string;
  /**
   * From 1 on.
   */
  line: number;
}
export interface Version {
  number: number;
  time: number;
  how: string;
  /**
   * The plugin's own version.
   */
  plugin: string;
  running: boolean;
  /**
   * What is kept of its state, in words.
   */
  state: string;
}
export interface Operation {
  number: number;
  operation: 'load' | 'reload' | 'unload';
  plugins: string[];
  began: number;
  /**
   * Seconds; null while it runs.
   */
  elapsed: number | null;
  /**
   * How it ended; empty while it runs.
   */
  outcome: string;
  steps: Step[];
}
export interface Step {
  plugin: string;
  phase: string;
  status: 'started' | 'finished' | 'failed';
  began: number;
  elapsed: number | null;
  error: string;
  /**
   * What the step adds; while it runs, what it is at.
   */
  detail: string;
  /**
   * Bytes so far, of a step that tells.
   */
  done: number | null;
  /**
   * Bytes that it will be, as far as known.
   */
  total: number | null;
}
export interface LogEntry {
  seq: number;
  time: number;
  plugin: string;
  /**
   * Operation and step, or drift.
   */
  what: string;
  status: 'started' | 'finished' | 'failed' | 'ended' | 'drift';
  text: string;
  elapsed: number | null;
}
/**
 * What changed since the message before.
 */
export interface Patch {
  kind: 'patch';
  seq: number;
  /**
   * By name, the changed fields; null where the plugin is gone.
   */
  plugins?: {
    [k: string]: null | {};
  };
  /**
   * All names, where their order changed.
   */
  order?: string[];
  /**
   * Operations that are new or changed, each whole.
   */
  operations?: Operation[];
  /**
   * Further entries.
   */
  log?: LogEntry[];
  /**
   * How many log entries were left out before these, as there were too many.
   */
  dropped?: number;
}
/**
 * What a page sends along when it opens a comm.
 */
export interface OpenData {
  /**
   * Ids of comms that an earlier load of the page left open.
   *
   * @maxItems 100
   */
  replaces?: Id[];
}
export interface DiffData {
  a: string;
  b: string;
  modules: {
    name: string;
    /**
     * The whole text.
     */
    a: string;
    b: string;
    /**
     * A unified diff.
     */
    lines: string[];
    word: 'added' | 'removed' | 'changed';
    /**
     * How many lines of the diff are left out.
     */
    left: number;
  }[];
  config: string[];
  state: string[];
  /**
   * What could not be compared, in words.
   */
  notes: string[];
}
export interface WidgetData {
  /**
   * Id of the widget's model; null where the plugin has none to show just now.
   */
  model: string | null;
}
export interface TemplateData {
  /**
   * Name for the file.
   */
  file: string;
  text: string;
}
