/** A kernel and its documents, as far as the extension sees them. */
import type { Kernel } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { Plugin } from 'themis-jupyter-ui';
import { expect, vi } from 'vitest';
import { state } from '../../ui/test/samples';
import { Documents, type Document } from '../src/documents';
import { Files } from '../src/files';
import { Following } from '../src/following';
import type { KernelLink } from '../src/link';
import { Links } from '../src/links';
import type { Action, Notices } from '../src/notices';
import { Opener } from '../src/opener';
import { Options } from '../src/options';
import { Requests } from '../src/requests';

export interface Message {
  readonly kind: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

export class FakeComm {
  isDisposed = false;
  /** Whether the kernel was told that it is closed. */
  closed = false;
  opening: unknown = null;
  readonly sent: Message[] = [];
  onMsg: (message: unknown) => void = () => undefined;
  onClose: () => void = () => undefined;

  constructor(
    private readonly kernel: FakeKernel,
    readonly commId: string,
  ) {}

  open(data: unknown): void {
    this.opening = data;
    queueMicrotask(() => {
      if (!this.kernel.loaded) this.onClose();
    });
  }

  send(message: Message): void {
    this.sent.push(message);
    if (!this.kernel.loaded) return;
    queueMicrotask(() => {
      if (message.kind === 'hello') this.tell(this.kernel.state());
      this.tell({ kind: 'reply', id: message.id, ok: true, text: '', ...this.kernel.replies });
    });
  }

  /** What the kernel sends. */
  tell(data: unknown): void {
    if (!this.isDisposed) this.onMsg({ content: { data } });
  }

  close(): void {
    this.closed = true;
    this.isDisposed = true;
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** A kernel, as far as a link sees one. */
export class FakeKernel {
  loaded = false;
  installed = true;
  handleComms = true;
  isDisposed = false;
  status: Kernel.Status = 'idle';
  connectionStatus: Kernel.ConnectionStatus = 'connected';
  notebook = '';
  plugins: Plugin[] = [];
  /** What its replies say, beside that it was done. */
  replies: Record<string, unknown> = {};
  readonly comms: FakeComm[] = [];
  readonly executed: string[] = [];
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);
  readonly iopubMessage = new Signal<this, unknown>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly name = 'python3';
  info: Promise<unknown> = Promise.resolve({ language_info: { name: 'python' } });

  constructor(readonly id = 'kernel-1') {}

  createComm(): FakeComm {
    const made = new FakeComm(this, `${this.id}-comm-${this.comms.length}`);
    this.comms.push(made);
    return made;
  }

  requestExecute({ code }: { code: string }): { done: Promise<unknown> } {
    this.executed.push(code);
    if (this.installed) this.loaded = true;
    const error = { status: 'error', ename: 'ModuleNotFoundError', evalue: 'no themis_jupyter' };
    return { done: Promise.resolve({ content: this.installed ? { status: 'ok' } : error }) };
  }

  /** Publishes what belongs to the run of a cell. */
  publish(type: string, run: string, content: object): void {
    this.iopubMessage.emit({
      header: { msg_type: type },
      parent_header: { msg_id: run },
      content,
    });
  }

  state() {
    const kernel = { id: this.id, python: '3.12', subshells: true, notebook: this.notebook };
    return state(this.plugins, { kernel });
  }

  /** The comms that are open. */
  get open(): FakeComm[] {
    return this.comms.filter((comm) => !comm.isDisposed);
  }

  /** Shows other plugins from now on. */
  show(...plugins: Plugin[]): void {
    this.plugins = plugins;
    for (const comm of this.open) comm.tell(this.state());
  }

  connect(status: Kernel.ConnectionStatus): void {
    this.connectionStatus = status;
    this.connectionStatusChanged.emit(status);
  }

  end(): void {
    this.isDisposed = true;
    this.disposed.emit();
  }

  connection(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }
}

/** A notebook on a kernel, or on none. */
export class FakeDocument {
  readonly id = 'n';
  readonly title = { label: 'n.ipynb', changed: new Signal<object, unknown>({}) };
  readonly disposed = new Signal<this, void>(this);
  readonly sessionContext;

  constructor(kernel: FakeKernel | null, path = 'n.ipynb') {
    this.sessionContext = {
      session: kernel === null ? null : { kernel: kernel.connection() },
      path,
      kernelDisplayName: 'Python 3',
      kernelChanged: new Signal<object, unknown>({}),
      propertyChanged: new Signal<object, unknown>({}),
      disposed: new Signal<object, void>({}),
    };
  }

  /** Another kernel, or none. */
  change(kernel: FakeKernel | null): void {
    this.sessionContext.session = kernel === null ? null : { kernel: kernel.connection() };
    this.sessionContext.kernelChanged.emit(undefined);
  }

  /** Closes the last view: its session goes with it. */
  close(): void {
    this.sessionContext.disposed.emit();
    this.disposed.emit();
  }

  document(): Document {
    return this as unknown as Document;
  }
}

export const becomes = (link: KernelLink, kind: string): Promise<void> =>
  vi.waitFor(() => {
    expect(link.state.kind).toBe(kind);
  });

/** Waits until all that was sent has come. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Paths of one drive beside the server's own. */
export const DRIVES = {
  driveName: (path: string) => (path.startsWith('RTC:') ? 'RTC' : ''),
  localPath: (path: string) => path.replace(/^RTC:/, ''),
};

/** The service, with notices that are noted down. */
export function serviceOf() {
  const links = new Links();
  const documents = new Documents(links);
  const told: { text: string; weight: string; actions: readonly Action[] }[] = [];
  const notices = {
    tell: (text: string, weight: string, actions: readonly Action[] = []) => {
      told.push({ text, weight, actions });
    },
  } as unknown as Notices;
  return {
    links,
    documents,
    following: new Following(documents),
    files: new Files(links, DRIVES),
    options: new Options(),
    notices,
    opener: new Opener(null, new Files(links, DRIVES), notices),
    requests: new Requests(notices),
    told,
  };
}

/** A link that is open. */
export async function linked(kernel: FakeKernel, links = new Links()): Promise<KernelLink> {
  kernel.loaded = true;
  const link = links.of(kernel.connection());
  await becomes(link, 'open');
  return link;
}

export const failure = { words: 'it broke', traceback: '', advice: '', where: null };

export const last = (time: number, outcome: 'reloaded' | 'unchanged' | 'failed' = 'reloaded') => ({
  outcome,
  headline: `counter: ${outcome}`,
  time,
  elapsed: 0.1,
});

/** Lets the collector take what nobody holds: what a turn has looked at lives as long as the turn. */
export async function collected(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve));
    (globalThis as unknown as { gc: () => void }).gc();
  }
}
