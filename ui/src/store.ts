/** The model of the panel: what the kernel has told, and what it has been asked. No page, no Jupyter. */
import {
  isPlugin,
  PROTOCOL,
  read,
  type Body,
  type LogEntry,
  type Operation,
  type Patch,
  type Plugin,
  type Reply,
  type State,
} from './protocol';
import { t } from './strings';
import type { Transport } from './transport';

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
  readonly pending: ReadonlyMap<string, Body['kind']>;
  /** What came of the last request, by plugin, where that has to be said. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** For screen readers; `count` tells two equal ones apart. */
  readonly announcement: { readonly text: string; readonly count: number };
  /** Whether this is another kernel than the one that was shown before. */
  readonly restarted: boolean;
  /** By how many seconds this page's clock is ahead of the kernel's. */
  readonly skew: number;
}

export interface Settings {
  /** Milliseconds until a request counts as unanswered, and until a hello does. */
  requestTimeout?: number;
  helloTimeout?: number;
  /** Milliseconds until a kernel without subshells counts as busy. */
  busyAfter?: number;
  /** Told of messages that could not be read. */
  report?: (problem: string) => void;
}

const LOG_LIMIT = 1000;
const OPERATION_LIMIT = 300;
/** Stands for all plugins. */
export const ALL = '';

interface Pending {
  body: Body;
  names: readonly string[];
  answer: (answer: Answer) => void;
  timer: ReturnType<typeof setTimeout>;
}

const EMPTY: Snapshot = {
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

export class Store {
  private now: Snapshot = EMPTY;
  private readonly listeners = new Set<() => void>();
  private readonly requests = new Map<string, Pending>();
  private readonly settings: Required<Settings>;
  private readonly stops: (() => void)[];
  /** By plugin, the number of the last operation that was seen to end. */
  private readonly ended = new Map<string, number>();
  /** Number of the last message; null before the first state. */
  private seq: number | null = null;
  private helloId: string | null = null;
  private helloTimer: ReturnType<typeof setTimeout> | undefined;
  private busyTimer: ReturnType<typeof setTimeout> | undefined;
  private count = 0;
  private readonly tag = Math.random().toString(36).slice(2, 10);
  private disposed = false;

  constructor(
    private readonly transport: Transport,
    settings: Settings = {},
  ) {
    this.settings = {
      requestTimeout: 60_000,
      helloTimeout: 10_000,
      busyAfter: 1_500,
      report: (problem) => {
        console.warn(`themis: ${problem}`);
      },
      ...settings,
    };
    this.stops = [
      transport.onMessage((message) => {
        this.receive(message);
      }),
      transport.onGone(() => {
        this.lose('closed');
      }),
    ];
  }

  get snapshot(): Snapshot {
    return this.now;
  }

  /** Calls back after each change; returns the way to stop that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Asks for the whole state, unless that is asked for already. */
  hello(): void {
    if (this.disposed || this.helloId !== null) return;
    this.helloId = this.newId();
    if (this.now.connection.kind !== 'connected') this.set({ connection: { kind: 'connecting' } });
    this.helloTimer = setTimeout(() => {
      this.helloId = null;
      if (this.now.kernel?.subshells === false) this.set({ connection: { kind: 'waiting' } });
      else this.lose('silent');
    }, this.settings.helloTimeout);
    this.watchForBusy();
    if (!this.send({ kind: 'hello', id: this.helloId, protocol: PROTOCOL })) this.lose('closed');
  }

  /** Asks the kernel for something. Never rejects: that it failed is an answer. */
  request(body: Body): Promise<Answer> {
    const names = namesOf(body);
    if (body.kind !== 'diff' && names.some((name) => this.isPending(name)))
      return Promise.resolve({ kind: 'refusal', text: t.alreadyAsked() });
    const { kind } = this.now.connection;
    if (this.disposed || kind === 'gone' || kind === 'refused')
      return Promise.resolve({ kind: 'error', text: t.notConnected() });
    const id = this.newId();
    const message =
      body.kind === 'reload' ? { seen: this.seen(body.plugins), ...body, id } : { ...body, id };
    return new Promise((resolve) => {
      this.requests.set(id, { body, names, answer: resolve, timer: this.timer(id) });
      this.updatePending(names);
      this.watchForBusy();
      if (!this.send(message)) this.answer(id, { kind: 'error', text: t.notConnected() });
    });
  }

  /** Forgets what came of the last request on a plugin. */
  dismiss(name: string): void {
    if (!this.now.answers.has(name)) return;
    const answers = new Map(this.now.answers);
    answers.delete(name);
    this.set({ answers });
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    clearTimeout(this.helloTimer);
    clearTimeout(this.busyTimer);
    for (const stop of this.stops) stop();
    for (const id of [...this.requests.keys()])
      this.answer(id, { kind: 'error', text: t.notConnected() });
    this.listeners.clear();
    this.transport.dispose();
  }

  // -- what comes in -------------------------------------------------------------------------

  private receive(message: unknown): void {
    if (this.disposed) return;
    const incoming = read(message);
    clearTimeout(this.busyTimer);
    switch (incoming.kind) {
      case 'malformed':
        this.settings.report(t.malformed(incoming.why));
        return;
      case 'reply':
        this.onReply(incoming);
        break;
      case 'state':
        this.onState(incoming);
        break;
      case 'patch':
        this.onPatch(incoming);
        break;
    }
    // Whoever speaks is there after all.
    const { connection } = this.now;
    const silent = connection.kind === 'gone' && connection.why === 'silent';
    if (this.seq !== null && (silent || connection.kind === 'waiting'))
      this.set({ connection: { kind: 'connected' } });
    if (this.requests.size > 0) this.watchForBusy();
  }

  private onReply(reply: Reply): void {
    if (reply.id === this.helloId) {
      if (!reply.ok) {
        this.helloDone();
        this.set({ connection: { kind: 'refused', text: reply.text } });
      }
      return; // the state that it asked for ends a hello
    }
    const { text } = reply;
    this.answer(
      reply.id,
      reply.ok ? { kind: 'success', text, data: reply.data } : { kind: 'refusal', text },
    );
  }

  private onState(state: State): void {
    this.helloDone();
    if (state.protocol !== PROTOCOL) {
      const text = t.otherProtocol(state.package, state.protocol, PROTOCOL);
      this.set({ connection: { kind: 'refused', text } });
      return;
    }
    this.seq = state.seq;
    const before = this.now.kernel;
    const restarted = before !== null && before.id !== state.kernel.id;
    if (restarted) this.ended.clear();
    const operations = new Map(state.operations.map((o) => [o.number, o]));
    for (const operation of operations.values()) this.noteEnd(operation);
    // Requests that were on their way may never be answered by another kernel.
    if (restarted)
      for (const id of [...this.requests.keys()])
        this.answer(id, { kind: 'error', text: t.kernelRestarted() });
    this.set({
      connection: { kind: 'connected' },
      kernel: state.kernel,
      package: state.package,
      plugins: new Map(state.plugins.map((p) => [p.name, p])),
      operations,
      log: state.log.slice(-LOG_LIMIT),
      dropped: 0,
      restarted: restarted || (this.now.restarted && state.plugins.length === 0),
      ...(restarted ? { answers: new Map(), ...this.announced(t.kernelRestarted()) } : {}),
    });
  }

  private onPatch(patch: Patch): void {
    if (this.seq === null || patch.seq <= this.seq) return;
    if (patch.seq !== this.seq + 1) {
      this.hello();
      return;
    }
    this.seq = patch.seq;
    const change: { -readonly [K in keyof Snapshot]?: Snapshot[K] } = {};
    if (patch.plugins !== undefined || patch.order !== undefined) {
      const plugins = this.patched(patch);
      if (plugins === null) {
        this.hello();
        return;
      }
      change.plugins = plugins;
    }
    if (patch.operations !== undefined) {
      const operations = new Map(this.now.operations);
      const over: string[] = [];
      for (const operation of patch.operations) {
        if (operation.elapsed !== null && !hasEnded(operations.get(operation.number)))
          over.push(t.ended(operation.plugins, operation.outcome));
        operations.set(operation.number, operation);
        this.noteEnd(operation);
      }
      for (const number of operations.keys()) {
        if (operations.size <= OPERATION_LIMIT) break;
        operations.delete(number);
      }
      change.operations = operations;
      if (over.length > 0) Object.assign(change, this.announced(over.slice(-5).join(' ')));
    }
    if (patch.log !== undefined && patch.log.length > 0) {
      change.log = [...this.now.log, ...patch.log].slice(-LOG_LIMIT);
      const newest = patch.log[patch.log.length - 1];
      if (newest !== undefined) change.skew = this.skewOf(newest.time);
    }
    if (patch.dropped) change.dropped = this.now.dropped + patch.dropped;
    this.set(change);
  }

  /** The plugins after a patch; null where it speaks of some that we know too little of. */
  private patched(patch: Patch): Map<string, Plugin> | null {
    const plugins = new Map(this.now.plugins);
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

  private noteEnd(operation: Operation): void {
    if (operation.elapsed === null) return;
    for (const name of operation.plugins)
      this.ended.set(name, Math.max(this.ended.get(name) ?? 0, operation.number));
  }

  /** The least that a live event has been late is the difference of the clocks, nearly. */
  private skewOf(time: number): number {
    const late = Date.now() / 1000 - time;
    return this.now.skew === 0 ? late : Math.min(this.now.skew, late);
  }

  // -- what goes out -------------------------------------------------------------------------

  private seen(plugins: readonly string[]): Record<string, number> {
    const names = plugins.length > 0 ? plugins : [...this.now.plugins.keys()];
    const known = names.map((name) => [name, this.ended.get(name)] as const);
    return Object.fromEntries(
      known.filter((pair): pair is [string, number] => pair[1] !== undefined),
    );
  }

  private answer(id: string, answer: Answer): void {
    const found = this.requests.get(id);
    if (found === undefined) return;
    clearTimeout(found.timer);
    this.requests.delete(id);
    this.updatePending(found.names, found.body.kind === 'diff' ? undefined : answer);
    found.answer(answer);
  }

  private timer(id: string): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const found = this.requests.get(id);
      if (found === undefined) return;
      // What runs, or waits for a cell, is not lost: it is slow.
      if (this.now.connection.kind === 'waiting' || this.isRunning(found.names))
        found.timer = this.timer(id);
      else
        this.answer(id, { kind: 'error', text: t.noAnswer(this.settings.requestTimeout / 1000) });
    }, this.settings.requestTimeout);
  }

  private isRunning(names: readonly string[]): boolean {
    return [...this.now.operations.values()].some(
      (o) =>
        o.elapsed === null && (names.includes(ALL) || o.plugins.some((p) => names.includes(p))),
    );
  }

  private isPending(name: string): boolean {
    const { pending } = this.now;
    return pending.has(ALL) || pending.has(name) || (name === ALL && pending.size > 0);
  }

  private updatePending(names: readonly string[], answer?: Answer): void {
    const pending = new Map<string, Body['kind']>();
    for (const { body, names: each } of this.requests.values())
      if (body.kind !== 'diff') for (const name of each) pending.set(name, body.kind);
    const answers = new Map(this.now.answers);
    for (const name of names) {
      answers.delete(name);
      if (answer !== undefined && answer.kind !== 'success') answers.set(name, answer);
    }
    const failed = answer !== undefined && answer.kind !== 'success';
    this.set({ pending, answers, ...(failed ? this.announced(answer.text) : {}) });
  }

  /** A kernel without subshells that is silent is at a cell. */
  private watchForBusy(): void {
    clearTimeout(this.busyTimer);
    if (this.now.kernel?.subshells !== false) return;
    this.busyTimer = setTimeout(() => {
      if (this.requests.size === 0 && this.helloId === null) return;
      this.set({ connection: { kind: 'waiting' } });
    }, this.settings.busyAfter);
  }

  private helloDone(): void {
    clearTimeout(this.helloTimer);
    this.helloId = null;
  }

  private lose(why: 'closed' | 'silent'): void {
    if (this.disposed) return;
    this.helloDone();
    if (why === 'closed') this.seq = null;
    this.set({ connection: { kind: 'gone', why }, ...this.announced(t.goneTitle(why)) });
    for (const id of [...this.requests.keys()])
      this.answer(id, { kind: 'error', text: t.notConnected() });
  }

  private send(message: unknown): boolean {
    try {
      this.transport.send(message);
      return true;
    } catch (error) {
      this.settings.report(String(error));
      return false;
    }
  }

  private announced(text: string): Pick<Snapshot, 'announcement'> {
    return { announcement: { text, count: this.now.announcement.count + 1 } };
  }

  private newId(): string {
    this.count += 1;
    return `${this.tag}-${this.count}`;
  }

  private set(change: Partial<Snapshot>): void {
    this.now = { ...this.now, ...change };
    for (const listener of [...this.listeners]) listener();
  }
}

/** The plugins that a request is about. */
function namesOf(body: Body): readonly string[] {
  if (body.kind === 'reload') return body.plugins.length > 0 ? body.plugins : [ALL];
  return [body.plugin ?? ALL];
}

const hasEnded = (operation: Operation | undefined): boolean =>
  operation !== undefined && operation.elapsed !== null;
