/** Messages as the kernel sends them, and a transport that remembers. */
import type { LogEntry, Operation, Plugin, State, Step } from '../src/protocol';
import type { Transport } from '../src/transport';

export const plugin = (name: string, more: Partial<Plugin> = {}): Plugin => ({
  name,
  version: '1.0',
  type: 'other',
  description: '',
  life: 'loaded',
  drift: '',
  driftText: '',
  dependents: [],
  inFlight: 0,
  stateSize: null,
  watched: '',
  last: null,
  error: null,
  versions: [],
  operation: null,
  file: `/plugins/${name}.py`,
  widget: null,
  kept: '',
  ...more,
});

export const step = (phase: string, more: Partial<Step> = {}): Step => ({
  plugin: 'index',
  phase,
  status: 'finished',
  began: 1000,
  elapsed: 0.01,
  error: '',
  detail: '',
  done: null,
  total: null,
  ...more,
});

export const operation = (number: number, more: Partial<Operation> = {}): Operation => ({
  number,
  operation: 'reload',
  plugins: ['index'],
  began: 1000,
  elapsed: null,
  outcome: '',
  steps: [],
  ...more,
});

export const entry = (seq: number, more: Partial<LogEntry> = {}): LogEntry => ({
  seq,
  time: 1000 + seq,
  plugin: 'index',
  what: 'reload 1: verify',
  status: 'finished',
  text: '',
  elapsed: 0.001,
  ...more,
});

export const version = (number: number, running = false) => ({
  number,
  time: 1000 + number,
  how: 'reload',
  plugin: '1.0',
  running,
  state: '12 kB kept',
});

export const state = (plugins: Plugin[], more: Partial<State> = {}): State => ({
  kind: 'state',
  seq: 0,
  protocol: 1,
  package: '1.0.0',
  kernel: { id: 'k1', python: '3.12', subshells: true, notebook: '' },
  plugins,
  operations: [],
  log: [],
  ...more,
});

export interface Sent {
  kind: string;
  id: string;
  [field: string]: unknown;
}

/** A kernel that does nothing by itself. */
export class FakeTransport implements Transport {
  readonly sent: Sent[] = [];
  disposed = false;
  deaf = false;
  private readonly onMessages = new Set<(message: unknown) => void>();
  private readonly onGones = new Set<() => void>();

  get listeners(): number {
    return this.onMessages.size + this.onGones.size;
  }

  send(message: unknown): void {
    if (this.deaf) throw new Error('closed');
    this.sent.push(message as Sent);
  }

  onMessage(callback: (message: unknown) => void): () => void {
    this.onMessages.add(callback);
    return () => this.onMessages.delete(callback);
  }

  onGone(callback: () => void): () => void {
    this.onGones.add(callback);
    return () => this.onGones.delete(callback);
  }

  dispose(): void {
    this.disposed = true;
  }

  /** The kernel says something; as JSON, as over a comm. */
  say(message: unknown): void {
    const copy: unknown = JSON.parse(JSON.stringify(message));
    for (const each of [...this.onMessages]) each(copy);
  }

  go(): void {
    for (const each of [...this.onGones]) each();
  }

  last(kind: string): Sent {
    const found = this.sent.filter((m) => m.kind === kind).at(-1);
    if (found === undefined) throw new Error(`no ${kind} was sent`);
    return found;
  }

  of(kind: string): Sent[] {
    return this.sent.filter((m) => m.kind === kind);
  }

  reply(kind: string, ok = true, text = '', data?: unknown): void {
    this.say({ kind: 'reply', id: this.last(kind).id, ok, text, data });
  }
}
