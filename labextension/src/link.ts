/** The way to one kernel: its comm, the store that this feeds, and what to say where there is none. */
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import { Store, type Snapshot } from 'themis-jupyter-ui';
import { takePlace } from './left';
import { CommTransport } from './transport';

/** What the kernel's side answers to: see themis_jupyter/comm/target.py. */
export const TARGET = 'themis_jupyter';
/** The only code that is ever sent to a kernel, when the user asks for it. */
export const LOAD = '%load_ext themis_jupyter';

export type LinkState =
  | { readonly kind: 'connecting' }
  /** It was asked, and has not answered yet. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'not python'; readonly language: string }
  /** It is loaded, but knows nothing of pages. */
  | { readonly kind: 'too old' }
  /** Another connection of this page had the comms of this kernel, and was closed. */
  | { readonly kind: 'no comms' }
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
  private readonly changed = new Signal<this, void>(this);
  private readonly subshellTimeout: number;
  private comm: Comm | null = null;
  /** When the subshell of the last comm is there, or given up. */
  private settled = Promise.resolve();
  /** Grows with each attempt: what an older one finds out is of no interest. */
  private attempt = 0;
  private over = false;
  /** The extension was loaded from here, without an error, and has not answered yet. */
  private wasLoaded = false;
  private restarting = false;
  /** The connection broke: while the extension answered, or before it did. */
  private lost = false;
  private torn = false;
  /** The run that may load the extension, by the id of its request. */
  private hope = '';

  constructor(
    readonly kernel: Kernel.IKernelConnection,
    settings: LinkSettings = {},
  ) {
    this.subshellTimeout = settings.subshellTimeout ?? 2_000;
    kernel.statusChanged.connect(this.onStatus, this);
    kernel.connectionStatusChanged.connect(this.onConnection, this);
    kernel.iopubMessage.connect(this.onMessage, this);
    kernel.disposed.connect(this.dispose, this);
    void this.open();
  }

  get state(): LinkState {
    return this.now;
  }

  /** The store, where the kernel answers. */
  get store(): Store | null {
    return this.now.kind === 'open' ? this.now.store : null;
  }

  get snapshot(): Snapshot | null {
    return this.store?.snapshot ?? null;
  }

  /** Whether the page has lost its way to the server, and tries to find it again. */
  get isOffline(): boolean {
    return this.lost;
  }

  /** Tells that the state has changed, or what the store holds. */
  get stateChanged(): ISignal<this, void> {
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
    if (!this.kernel.handleComms) {
      this.set({ kind: 'no comms' });
      return;
    }
    // Before its info is there it is not known whether the kernel has subshells.
    const language = await languageOf(this.kernel);
    if (stale()) return;
    if (language === null) {
      this.set({ kind: 'gone', status: this.kernel.status });
      return;
    }
    if (language !== 'python') {
      this.set({ kind: 'not python', language });
      return;
    }
    // The page has one subshell for all comms of a target: made while that of a comm before is on its
    // way, this one would get it, and lose it as soon as it is there.
    await this.settled;
    if (stale()) return;
    const comm: Comm = this.kernel.createComm(TARGET);
    this.comm = comm;
    if (comm.subshellStarted !== undefined)
      this.settled = soon(comm.subshellStarted, this.subshellTimeout);
    await this.settled;
    if (stale()) return;
    this.follow(comm);
  }

  /** Loads the extension, as the user has asked for. */
  async load(): Promise<void> {
    if (this.over || this.now.kind === 'open' || this.now.kind === 'loading') return;
    const before = this.now;
    this.set({ kind: 'loading' });
    const content = await contentOf(() =>
      this.kernel.requestExecute({ code: LOAD, store_history: false }),
    );
    // Restarted or lost meanwhile: whoever noticed has said so.
    if (this.isDisposed || this.state.kind !== 'loading') return;
    if (content === null) this.set(before);
    else if (content.status === 'ok') {
      this.wasLoaded = true;
      await this.open();
    } else if (content.status === 'error' && content.ename === 'ModuleNotFoundError')
      this.set({ kind: 'not installed' });
    else this.set({ kind: 'not loaded', why: content.status === 'error' ? content.evalue : '' });
  }

  /** Gives the comm back. The kernel is told, as long as it can be. */
  close(): void {
    const { comm } = this;
    this.comm = null;
    this.store?.dispose();
    if (comm !== null && !comm.isDisposed) {
      comm.onClose = () => undefined;
      if (this.kernel.isDisposed || this.kernel.status === 'dead') comm.dispose();
      else comm.close();
    }
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    this.close();
    this.set({ kind: 'gone', status: 'dead' });
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
      this.wasLoaded = false;
      if (this.comm === comm) this.set({ kind: 'open', store });
    });
    store.subscribe(() => {
      if (this.store === store) this.changed.emit();
      else if (this.comm === comm && isSilent(store.snapshot)) this.set({ kind: 'silent' });
    });
    comm.onClose = () => {
      transport.gone();
      store.dispose();
      if (this.comm !== comm) return;
      this.comm = null;
      // It did answer: it was unloaded, or another page took the place of this one.
      if (spoken) void this.open();
      else this.set(this.wasLoaded ? { kind: 'too old' } : { kind: 'not loaded', why: '' });
    };
    comm.open({ replaces: takePlace(this.kernel.id, comm.commId) });
    store.hello();
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
        this.wasLoaded = false;
        this.close();
        this.set({ kind: 'gone', status });
        break;
      case 'idle':
      case 'busy':
        if (this.restarting && this.kernel.connectionStatus === 'connected') {
          this.restarting = false;
          void this.open();
        }
        break;
      case 'starting':
      case 'unknown':
        break;
    }
  }

  private onConnection(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status !== 'connected') {
      // Only what was there can be lost: it connects in the beginning, and after a restart.
      if (this.restarting || this.now.kind === 'connecting') this.torn = true;
      else {
        this.lost = true;
        this.changed.emit();
      }
      return;
    }
    if (!this.lost && !this.torn && !this.restarting) return;
    this.lost = this.torn = this.restarting = false;
    this.changed.emit();
    // What was told meanwhile did not get here.
    if (this.store !== null) this.store.hello();
    else void this.open();
  }

  private onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const run = 'msg_id' in message.parent_header ? message.parent_header.msg_id : '';
    if (message.header.msg_type === 'execute_input') {
      const { code } = (message as KernelMessage.IExecuteInputMsg).content;
      // What comes of our own line is told by its reply.
      if (code.includes('load_ext') && this.now.kind !== 'loading') this.hope = run;
      return;
    }
    // The kernel is idle between other requests, too, while that cell runs: its own end counts.
    if (message.header.msg_type !== 'status' || run === '' || run !== this.hope) return;
    if ((message as KernelMessage.IStatusMsg).content.execution_state !== 'idle') return;
    this.hope = '';
    if (this.now.kind !== 'open' && this.now.kind !== 'loading') void this.open();
  }

  private set(state: LinkState): void {
    this.now = state;
    this.changed.emit();
  }
}

const isSilent = ({ connection }: Snapshot): boolean =>
  connection.kind === 'gone' && connection.why === 'silent';

/** The language of a kernel; null where it ended before it could tell. */
async function languageOf(kernel: Kernel.IKernelConnection): Promise<string | null> {
  try {
    return (await kernel.info).language_info.name;
  } catch {
    return null;
  }
}

/** What a run ended with; null where the kernel, or the way to it, ended before. */
async function contentOf(
  run: () => Kernel.IShellFuture<KernelMessage.IExecuteRequestMsg, KernelMessage.IExecuteReplyMsg>,
): Promise<KernelMessage.IExecuteReplyMsg['content'] | null> {
  try {
    return (await run().done).content;
  } catch {
    return null;
  }
}

/** Waits for something, but not for ever, and not for its success: without it, all takes longer. */
function soon(wanted: Promise<void>, limit: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limit);
    // After all others who wait for it.
    const done = (): void => {
      clearTimeout(timer);
      setTimeout(resolve);
    };
    wanted.then(done, done);
  });
}
