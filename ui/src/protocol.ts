/** The messages: their types, and guards for those that come in. */
import type {
  Failure,
  Last,
  LogEntry,
  Operation,
  Patch,
  Plugin,
  Reply,
  Request,
  State,
  Step,
  Version,
  DiffData,
  TemplateData,
  Where,
  WidgetData,
} from './protocol.gen';

export type {
  DiffData,
  Failure,
  Last,
  LogEntry,
  Operation,
  Patch,
  Plugin,
  Reply,
  Request,
  State,
  Step,
  TemplateData,
  Version,
  Where,
  WidgetData,
};

/** Version of the protocol that this page speaks. */
export const PROTOCOL = 1;

type Without<T> = T extends unknown ? Omit<T, 'id'> : never;
/** A request that has no id yet: the store gives it one. */
export type Body = Without<Exclude<Request, { kind: 'hello' }>>;

/** What a message was read as. A malformed one is a value, too: nothing here throws. */
export type Incoming = Reply | State | Patch | { kind: 'malformed'; why: string };

interface Fields {
  [field: string]: unknown;
  kind?: unknown;
  protocol?: unknown;
  package?: unknown;
}
type Check = (value: unknown) => boolean;
type Shape<T> = { [K in keyof Required<T>]: Check };

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const string: Check = (v) => typeof v === 'string';
const number: Check = (v) => typeof v === 'number' && Number.isFinite(v);
const boolean: Check = (v) => typeof v === 'boolean';
const anything: Check = () => true;
const maybe =
  (check: Check): Check =>
  (v) =>
    v === null || check(v);
const optional =
  (check: Check): Check =>
  (v) =>
    v === undefined || check(v);
const list =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.every(check);
const oneOf =
  (...words: string[]): Check =>
  (v) =>
    typeof v === 'string' && words.includes(v);
const shape =
  <T>(fields: Shape<T>): Check =>
  (v) =>
    isObject(v) && wrong(v, fields) === null;

/** The name of the first field that is not as it should be. */
function wrong(value: Record<string, unknown>, fields: Record<string, Check>): string | null {
  for (const [name, check] of Object.entries(fields)) if (!check(value[name])) return name;
  return null;
}

const STEP: Shape<Step> = {
  plugin: string,
  phase: string,
  status: oneOf('started', 'finished', 'failed'),
  began: number,
  elapsed: maybe(number),
  error: string,
  detail: string,
  done: maybe(number),
  total: maybe(number),
};
const OPERATION: Shape<Operation> = {
  number,
  operation: oneOf('load', 'reload', 'unload'),
  plugins: list(string),
  began: number,
  elapsed: maybe(number),
  outcome: string,
  steps: list(shape(STEP)),
};
const LOG: Shape<LogEntry> = {
  seq: number,
  time: number,
  plugin: string,
  what: string,
  status: oneOf('started', 'finished', 'failed', 'ended', 'drift'),
  text: string,
  elapsed: maybe(number),
};
const PLUGIN: Shape<Plugin> = {
  name: string,
  version: string,
  type: string,
  description: string,
  life: oneOf('loaded', 'broken', 'reloading', 'not loaded'),
  drift: string,
  driftText: string,
  dependents: list(string),
  inFlight: number,
  stateSize: maybe(number),
  watched: string,
  last: maybe(
    shape<Last>({
      outcome: oneOf('reloaded', 'unchanged', 'aborted', 'rolled back', 'failed'),
      headline: string,
      time: number,
      elapsed: number,
    }),
  ),
  error: maybe(
    shape<Failure>({
      words: string,
      traceback: string,
      advice: string,
      where: maybe(shape<Where>({ file: string, line: number })),
    }),
  ),
  versions: list(
    shape<Version>({
      number,
      time: number,
      how: string,
      plugin: string,
      running: boolean,
      state: string,
    }),
  ),
  operation: maybe(number),
  file: string,
  widget: maybe(string),
  kept: string,
};
const REPLY: Shape<Reply> = {
  kind: string,
  id: string,
  ok: boolean,
  text: string,
  data: anything,
};
const STATE: Shape<State> = {
  kind: string,
  seq: number,
  protocol: number,
  package: string,
  kernel: shape<State['kernel']>({
    id: string,
    python: string,
    subshells: boolean,
    notebook: string,
  }),
  plugins: list(shape(PLUGIN)),
  operations: list(shape(OPERATION)),
  log: list(shape(LOG)),
};
const PATCH: Shape<Patch> = {
  kind: string,
  seq: number,
  plugins: optional((v) => isObject(v) && Object.values(v).every(isCardChange)),
  order: optional(list(string)),
  operations: optional(list(shape(OPERATION))),
  log: optional(list(shape(LOG))),
  dropped: optional(number),
};
const DIFF: Shape<DiffData> = {
  a: string,
  b: string,
  modules: list(
    shape<DiffData['modules'][number]>({
      name: string,
      a: string,
      b: string,
      lines: list(string),
      word: oneOf('added', 'removed', 'changed'),
      left: number,
    }),
  ),
  config: list(string),
  state: list(string),
  notes: list(string),
};

/** Whether each field that is known is as it should be; others come from later versions. */
function isCardChange(value: unknown): boolean {
  if (value === null) return true;
  if (!isObject(value)) return false;
  return Object.entries(PLUGIN).every(([name, check]) => !(name in value) || check(value[name]));
}

/** Whether all fields of a plugin are there. */
export const isPlugin = (value: unknown): value is Plugin => shape(PLUGIN)(value);

/** Whether the data of a reply is that of a diff. */
export const isDiffData = (value: unknown): value is DiffData => shape(DIFF)(value);

/** Whether the data of a reply tells of a plugin's own widget. */
export const isWidgetData = (value: unknown): value is WidgetData =>
  shape<WidgetData>({ model: maybe(string) })(value);

/** Whether the data of a reply is a new plugin's text. */
export const isTemplateData = (value: unknown): value is TemplateData =>
  shape<TemplateData>({ file: string, text: string })(value);

/** Reads what came in. */
export function read(message: unknown): Incoming {
  const malformed = (why: string): Incoming => ({ kind: 'malformed', why });
  if (!isObject(message)) return malformed('it is not an object');
  const { kind } = message;
  // Another version's state may look otherwise; that it is another version must still be told.
  if (kind === 'state' && number(message.protocol) && message.protocol !== PROTOCOL) {
    const kernel = { id: '', python: '', subshells: true, notebook: '' };
    const nothing = { kernel, plugins: [] };
    const said = { protocol: message.protocol as number, package: String(message.package) };
    return { kind, seq: 0, ...said, ...nothing, operations: [], log: [] };
  }
  const shapes: Record<string, Record<string, Check>> = {
    reply: REPLY,
    state: STATE,
    patch: PATCH,
  };
  const fields = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  if (fields === undefined) return malformed(`kind: ${String(kind).slice(0, 80)}`);
  const field = wrong(message, fields);
  if (field !== null) return malformed(`${String(kind)}: ${field}`);
  return message as unknown as Incoming;
}
