/** The way to one kernel: its comm, the store that this feeds, and what to say where there is none. */
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import { Store, type Transport } from 'themis-jupyter-ui';

/** What the kernel's side answers to: see themis_jupyter/comm/target.py. */
export const TARGET = 'themis_jupyter';
/** The only code that is ever sent to a kernel, when the user asks for it. */
export const LOAD = '%load_ext themis_jupyter';

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'not python'; readonly language: string }
  /** The extension is not loaded in this kernel; `why` says what came of trying. */
  | { readonly kind: 'not loaded'; readonly why: string }
  | { readonly kind: 'not installed' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'open'; readonly store: Store }
  /** The kernel is restarting, or dead. */
  | { readonly kind: 'gone'; readonly status: string };

export interface LinkSettings {
  /** Milliseconds to wait for the comm's subshell: without it, clicks wait for cells. */
  subshellTimeout?: number;
}

/** What we use of a comm. Newer ones tell when their subshell is there. */
interface Comm extends Kernel.IComm {
  readonly subshellStarted?: Promise<void>;
}

export class KernelLink implements IDisposable {
  private now: LinkState = { kind: 'connecting' };
  private readonly changed = new Signal<this, LinkState>(this);
  private readonly subshellTimeout: number;
  private comm: Comm | null = null;
  /** Grows with each attempt: what an older one finds out is of no interest. */
  private attempt = 0;
  private over = false;
  private restarting = false;
  /** A cell that may have loaded the extension is running. */
  private hopeful = false;

  constructor(
    readonly kernel: Kernel.IKernelConnection,
    settings: LinkSettings = {},
  ) {
    this.subshellTimeout = settings.subshellTimeout ?? 2_000;
    kernel.statusChanged.connect(this.onStatus, this);
    kernel.iopubMessage.connect(this.onMessage, this);
    kernel.disposed.connect(this.dispose, this);
    void this.open();
  }

  get state(): LinkState {
    return this.now;
  }

  get stateChanged(): ISignal<this, LinkState> {
    return this.changed;
  }

  get isDisposed(): boolean {
    return this.over;
  }

  /** Tries again to reach the extension in the kernel. */
  async open(): Promise<void> {
    if (this.over) return;
    this.close();
    const mine = ++this.attempt;
    const stale = (): boolean => this.over || mine !== this.attempt;
    this.set({ kind: 'connecting' });
    // Before its info is there it is not known whether the kernel has subshells.
    const { language_info: language } = await this.kernel.info;
    if (stale()) return;
    if (language.name !== 'python') {
      this.set({ kind: 'not python', language: language.name });
      return;
    }
    const comm: Comm = this.kernel.createComm(TARGET);
    this.comm = comm;
    if (comm.subshellStarted !== undefined)
      await Promise.race([comm.subshellStarted, after(this.subshellTimeout)]);
    if (stale()) return;
    this.follow(comm);
  }

  /** Loads the extension, as the user has asked for. */
  async load(): Promise<void> {
    if (this.over || this.now.kind === 'open' || this.now.kind === 'loading') return;
    this.set({ kind: 'loading' });
    const future = this.kernel.requestExecute({ code: LOAD, store_history: false });
    const { content } = await future.done;
    if (this.isDisposed) return;
    if (content.status === 'ok') await this.open();
    else if (content.status === 'error' && content.ename === 'ModuleNotFoundError')
      this.set({ kind: 'not installed' });
    else this.set({ kind: 'not loaded', why: content.status === 'error' ? content.evalue : '' });
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    this.close();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  // -- the comm --------------------------------------------------------------------------------

  private follow(comm: Comm): void {
    const transport = new CommTransport(comm);
    const store = new Store(transport);
    let spoken = false;
    transport.onMessage(() => {
      if (spoken) return;
      spoken = true;
      if (this.comm === comm) this.set({ kind: 'open', store });
    });
    comm.onClose = () => {
      transport.gone();
      store.dispose();
      if (this.comm !== comm) return;
      // Nobody answers to that target, or not any more.
      this.comm = null;
      this.set({ kind: 'not loaded', why: '' });
    };
    comm.open();
    store.hello();
  }

  /** Gives the comm back. */
  private close(): void {
    const { comm, now } = this;
    this.comm = null;
    if (now.kind === 'open') now.store.dispose();
    if (comm !== null && !comm.isDisposed) {
      comm.onClose = () => undefined;
      if (this.kernel.isDisposed) comm.dispose();
      else comm.close();
    }
  }

  // -- the kernel ------------------------------------------------------------------------------

  private onStatus(_: unknown, status: Kernel.Status): void {
    switch (status) {
      case 'restarting':
      case 'autorestarting':
      case 'terminating':
      case 'dead':
        this.attempt += 1;
        this.restarting = true;
        this.close();
        this.set({ kind: 'gone', status });
        break;
      case 'idle':
      case 'busy':
        if (this.restarting) {
          this.restarting = false;
          void this.open();
        } else if (status === 'idle' && this.hopeful) {
          this.hopeful = false;
          if (this.now.kind !== 'open' && this.now.kind !== 'loading') void this.open();
        }
        break;
      case 'starting':
      case 'unknown':
        break;
    }
  }

  private onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    if (message.header.msg_type !== 'execute_input') return;
    const { code } = (message as KernelMessage.IExecuteInputMsg).content;
    this.hopeful = this.hopeful || code.includes('load_ext');
  }

  private set(state: LinkState): void {
    this.now = state;
    this.changed.emit(state);
  }
}

/** Carries the store's messages over a comm. */
class CommTransport implements Transport {
  private readonly listeners = new Set<(message: unknown) => void>();
  private readonly goners = new Set<() => void>();

  constructor(private readonly comm: Kernel.IComm) {
    comm.onMsg = (message) => {
      for (const each of [...this.listeners]) each(message.content.data);
    };
  }

  send(message: unknown): void {
    if (this.comm.isDisposed) throw new Error('the comm is closed');
    this.comm.send(message as never);
  }

  onMessage(callback: (message: unknown) => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  onGone(callback: () => void): () => void {
    this.goners.add(callback);
    return () => this.goners.delete(callback);
  }

  gone(): void {
    for (const each of [...this.goners]) each();
  }

  dispose(): void {
    this.listeners.clear();
    this.goners.clear();
  }
}

const after = (delay: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delay);
  });
