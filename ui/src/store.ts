/** The model of the panel: what the kernel has told, and what it has been asked. No page, no Jupyter. */
import { endings, ofPatch, ofState } from './apply';
import {
  PROTOCOL,
  read,
  type Body,
  type Operation,
  type Patch,
  type Reply,
  type State,
} from './protocol';
import { ALL, EMPTY, type Answer, type Snapshot } from './snapshot';
import { t } from './strings';
import type { Transport } from './transport';

export interface Settings {
  /** Milliseconds until a request counts as unanswered, and until a hello does. */
  requestTimeout?: number;
  helloTimeout?: number;
  /** Milliseconds until a kernel without subshells counts as busy. */
  busyAfter?: number;
  /** Milliseconds of silence until a kernel that is checked counts as gone. */
  checkTimeout?: number;
  /** Told of messages that could not be read. */
  report?: (problem: string) => void;
}

interface Pending {
  body: Body;
  names: readonly string[];
  answer: (answer: Answer) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** What only looks: it goes on beside other requests, keeps no button waiting, and is not answered in a card. */
const QUIET: ReadonlySet<Body['kind']> = new Set(['diff', 'widget', 'template'] as const);

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
  private checkTimer: ReturnType<typeof setTimeout> | undefined;
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
      checkTimeout: 2_500,
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

  /**
   * Asks whether the kernel is still there, where something tells that it may not be. With
   * subshells it answers at once, also while a cell runs: one that does not was restarted.
   */
  check(): void {
    if (this.disposed || this.now.connection.kind === 'refused') return;
    this.hello();
    clearTimeout(this.checkTimer);
    if (this.helloId === null || this.now.kernel?.subshells !== true) return;
    this.checkTimer = setTimeout(() => {
      this.lose('closed');
    }, this.settings.checkTimeout);
  }

  /** Asks the kernel for something. Never rejects: that it failed is an answer. */
  request(body: Body): Promise<Answer> {
    const names = namesOf(body);
    if (!QUIET.has(body.kind) && names.some((name) => this.isPending(name)))
      return Promise.resolve({ kind: 'refusal', text: t.alreadyAsked() });
    const { kind } = this.now.connection;
    if (this.disposed || kind === 'gone' || kind === 'refused')
      return Promise.resolve({ kind: 'error', text: t.notConnected() });
    const id = this.newId();
    const message =
      body.kind === 'reload' ? { seen: this.seen(body.plugins), ...body, id } : { ...body, id };
    return new Promise((resolve) => {
      this.requests.set(id, { body, names, answer: resolve, timer: this.timer(id) });
      if (!QUIET.has(body.kind)) this.updatePending(names);
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
    clearTimeout(this.checkTimer);
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
    clearTimeout(this.checkTimer);
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
    else if (connection.kind === 'gone') this.check();
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
    for (const operation of state.operations) this.noteEnd(operation);
    // Requests that were on their way may never be answered by another kernel.
    if (restarted)
      for (const id of [...this.requests.keys()])
        this.answer(id, { kind: 'error', text: t.kernelRestarted() });
    this.set({
      connection: { kind: 'connected' },
      ...ofState(state),
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
    const change = ofPatch(this.now, patch);
    if (change === null) {
      this.hello();
      return;
    }
    for (const operation of patch.operations ?? []) this.noteEnd(operation);
    const said = endings(this.now, patch);
    this.set({ ...change, ...(said === '' ? {} : this.announced(said)) });
  }

  private noteEnd(operation: Operation): void {
    if (operation.elapsed === null) return;
    for (const name of operation.plugins)
      this.ended.set(name, Math.max(this.ended.get(name) ?? 0, operation.number));
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
    if (!QUIET.has(found.body.kind)) this.updatePending(found.names, answer);
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
    const pending = new Map<string, Body>();
    for (const { body, names: each } of this.requests.values())
      if (!QUIET.has(body.kind)) for (const name of each) pending.set(name, body);
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
    clearTimeout(this.checkTimer);
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
