import { Signal } from '@lumino/signaling';
import { describe, expect, it, vi } from 'vitest';
import type { Kernel } from '@jupyterlab/services';
import { Following, Links } from '../src/following';
import { KernelLink, LOAD } from '../src/link';

interface Message {
  kind: string;
  id: string;
}

const state = (plugins: unknown[] = []) => ({
  kind: 'state',
  seq: 0,
  protocol: 1,
  package: '1.0.0',
  kernel: { id: 'k', python: '3.12', subshells: true, notebook: '' },
  plugins,
  operations: [],
  log: [],
});

class FakeComm {
  isDisposed = false;
  closed = false;
  readonly sent: Message[] = [];
  onMsg: (message: unknown) => void = () => undefined;
  onClose: () => void = () => undefined;

  constructor(private readonly kernel: FakeKernel) {}

  open(): void {
    queueMicrotask(() => {
      if (!this.kernel.loaded) this.onClose();
    });
  }

  send(message: Message): void {
    this.sent.push(message);
    if (this.kernel.loaded && message.kind === 'hello')
      queueMicrotask(() => {
        this.onMsg({ content: { data: state() } });
        this.onMsg({
          content: { data: { kind: 'reply', id: message.id, ok: true, text: '' } },
        });
      });
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
class FakeKernel {
  loaded = false;
  installed = true;
  isDisposed = false;
  readonly comms: FakeComm[] = [];
  readonly executed: string[] = [];
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly iopubMessage = new Signal<this, unknown>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly name = 'python3';
  info = Promise.resolve({ language_info: { name: 'python' } });

  constructor(readonly id = 'kernel-1') {}

  createComm(): FakeComm {
    const made = new FakeComm(this);
    this.comms.push(made);
    return made;
  }

  requestExecute({ code }: { code: string }) {
    this.executed.push(code);
    if (this.installed) this.loaded = true;
    const error = { status: 'error', ename: 'ModuleNotFoundError', evalue: 'no themis_jupyter' };
    return { done: Promise.resolve({ content: this.installed ? { status: 'ok' } : error }) };
  }

  get open(): FakeComm[] {
    return this.comms.filter((comm) => !comm.isDisposed);
  }

  connection(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }
}

const linkTo = (kernel: FakeKernel): KernelLink => new KernelLink(kernel.connection());
const becomes = (link: KernelLink, kind: string): Promise<void> =>
  vi.waitFor(() => {
    expect(link.state.kind).toBe(kind);
  });

describe('the link to a kernel', () => {
  it('is open once the kernel has told its state', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    expect(link.state.kind).toBe('connecting');
    await becomes(link, 'open');
    expect(kernel.executed).toEqual([]);
  });

  it('says where the extension is not loaded, and loads it when asked to', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    expect(kernel.executed).toEqual([]);
    await link.load();
    await becomes(link, 'open');
    expect(kernel.executed).toEqual([LOAD]);
  });

  it('says where the package is not installed', async () => {
    const kernel = new FakeKernel();
    kernel.installed = false;
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    await link.load();
    expect(link.state.kind).toBe('not installed');
  });

  it('says where the kernel is not Python', async () => {
    const kernel = new FakeKernel();
    kernel.info = Promise.resolve({ language_info: { name: 'R' } });
    const link = linkTo(kernel);
    await becomes(link, 'not python');
    expect(kernel.comms).toEqual([]);
  });

  it('begins anew after a restart', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    kernel.loaded = false;
    kernel.statusChanged.emit('restarting');
    expect(link.state).toEqual({ kind: 'gone', status: 'restarting' });
    kernel.statusChanged.emit('idle');
    await becomes(link, 'not loaded');
  });

  it('looks again after a cell that loads the extension', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    kernel.statusChanged.emit('idle');
    expect(kernel.comms).toHaveLength(1);
    kernel.iopubMessage.emit({
      header: { msg_type: 'execute_input' },
      content: { code: '%load_ext themis_jupyter' },
    });
    kernel.loaded = true;
    kernel.statusChanged.emit('idle');
    await becomes(link, 'open');
  });

  it('is closed by the kernel when the extension is unloaded', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    kernel.open[0]?.onClose();
    expect(link.state.kind).toBe('not loaded');
  });
});

describe('what is looked at', () => {
  function notebook(kernel: FakeKernel | null) {
    const context = {
      session: kernel === null ? null : { kernel: kernel.connection() },
      kernelChanged: new Signal<object, unknown>({}),
      disposed: new Signal<object, unknown>({}),
    };
    return { context, document: { sessionContext: context, title: { label: 'n.ipynb' } } as never };
  }

  it('is one link per kernel, also for two notebooks on it', () => {
    const links = new Links();
    const kernel = new FakeKernel();
    expect(links.of(kernel.connection())).toBe(links.of(kernel.connection()));
    expect(links.of(new FakeKernel('kernel-2').connection())).not.toBe(
      links.of(kernel.connection()),
    );
    expect(links.size).toBe(2);
  });

  it('says where there is no kernel', () => {
    const following = new Following(new Links());
    expect(following.followed.kind).toBe('nothing');
    following.follow(notebook(null).document);
    expect(following.followed.kind).toBe('no kernel');
  });

  it('leaves nothing behind: 50 notebooks are opened and closed', async () => {
    const links = new Links();
    const following = new Following(links);
    for (let n = 0; n < 50; n += 1) {
      const kernel = new FakeKernel(`kernel-${n}`);
      kernel.loaded = true;
      const { context, document } = notebook(kernel);
      following.follow(document);
      const { followed } = following;
      if (followed.kind !== 'kernel') throw new Error(followed.kind);
      await becomes(followed.link, 'open');
      kernel.isDisposed = true;
      kernel.disposed.emit();
      context.disposed.emit(undefined);
      expect(following.followed.kind).toBe('nothing');
      expect(kernel.open).toEqual([]);
      expect(followed.link.isDisposed).toBe(true);
    }
    expect(links.size).toBe(0);
  });
});
