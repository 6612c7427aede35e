import { describe, expect, it, vi } from 'vitest';
import { plugin } from '../../ui/test/samples';
import { KernelLink, LOAD, TARGET } from '../src/link';
import { becomes, FakeKernel, settled } from './fakes';

const linkTo = (kernel: FakeKernel): KernelLink => new KernelLink(kernel.connection());

describe('the link to a kernel', () => {
  it('is open once the kernel has told its state', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    expect(link.state.kind).toBe('connecting');
    await becomes(link, 'open');
    expect(kernel.executed).toEqual([]);
  });

  it('tells of what the store holds', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    let told = 0;
    link.stateChanged.connect(() => {
      told += 1;
    });
    kernel.show(plugin('counter'));
    expect(told).toBeGreaterThan(0);
    expect([...(link.snapshot?.plugins.keys() ?? [])]).toEqual(['counter']);
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

  it('says where the extension is loaded, but too old to know of pages', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    kernel.requestExecute = () => ({ done: Promise.resolve({ content: { status: 'ok' } }) });
    await link.load();
    await becomes(link, 'too old');
  });

  it('is not loaded, not too old, when it is unloaded after it was loaded from here', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    const seen = new Set<string>();
    await link.load();
    await becomes(link, 'open');
    link.stateChanged.connect(() => seen.add(link.state.kind));
    kernel.loaded = false;
    kernel.comms.at(-1)?.onClose();
    await becomes(link, 'not loaded');
    expect([...seen]).toEqual(['open', 'connecting', 'not loaded']);
  });

  it('takes the place of the comm that an earlier load of the page left open', async () => {
    const kernel = new FakeKernel('kernel-reloaded');
    kernel.loaded = true;
    await becomes(linkTo(kernel), 'open');
    // The page goes, and the kernel is not told.
    await becomes(linkTo(kernel), 'open');
    expect(kernel.comms.map(({ opening }) => opening)).toEqual([
      { replaces: [] },
      { replaces: [kernel.comms[0]?.commId] },
    ]);
  });

  it('opens again where another page took its place', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    const [comm] = kernel.open;
    comm?.dispose();
    comm?.onClose();
    await becomes(link, 'open');
    expect(kernel.open).toHaveLength(1);
  });

  it('says where the package is not installed', async () => {
    const kernel = new FakeKernel();
    kernel.installed = false;
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    const done = link.load();
    kernel.publish('execute_input', 'our-run', { code: LOAD });
    await done;
    // The end of the run may be told after its reply.
    kernel.publish('status', 'our-run', { execution_state: 'idle' });
    await settled();
    expect(link.state.kind).toBe('not installed');
  });

  it('asks again where the way to the kernel ended while it was being loaded', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    kernel.requestExecute = () => ({ done: Promise.reject(new Error('Canceled future')) });
    await link.load();
    expect(link.state.kind).toBe('not loaded');
  });

  it('says where the kernel is not Python', async () => {
    const kernel = new FakeKernel();
    kernel.info = Promise.resolve({ language_info: { name: 'R' } });
    const link = linkTo(kernel);
    await becomes(link, 'not python');
    expect(kernel.comms).toEqual([]);
  });

  it('says where the kernel ended before it told what it is', async () => {
    const kernel = new FakeKernel();
    kernel.status = 'dead';
    kernel.info = Promise.reject(new Error('Kernel info request failed'));
    const link = linkTo(kernel);
    await becomes(link, 'gone');
    expect(link.state).toEqual({ kind: 'gone', status: 'dead' });
  });

  it('says where another connection of the page has the comms', async () => {
    const kernel = new FakeKernel();
    kernel.handleComms = false;
    await becomes(linkTo(kernel), 'no comms');
    expect(kernel.comms).toEqual([]);
  });

  it('begins anew after a restart', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    const { store } = link;
    const answer = store?.request({ kind: 'reload', plugins: ['counter'] });
    kernel.loaded = false;
    kernel.statusChanged.emit('restarting');
    expect(link.state).toEqual({ kind: 'gone', status: 'restarting' });
    expect((await answer)?.kind).toBe('error');
    kernel.statusChanged.emit('idle');
    await becomes(link, 'not loaded');
  });

  it('opens once after a restart, and says nothing of the server meanwhile', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    kernel.statusChanged.emit('restarting');
    kernel.connect('connecting');
    expect(link.isOffline).toBe(false);
    kernel.connect('connected');
    kernel.statusChanged.emit('busy');
    kernel.statusChanged.emit('idle');
    await becomes(link, 'open');
    expect(kernel.comms).toHaveLength(2);
    expect(kernel.open).toHaveLength(1);
  });

  it('makes no comm while the subshell of the one before is on its way', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    let there: () => void = () => undefined;
    const { createComm } = kernel;
    kernel.createComm = () =>
      Object.assign(createComm.call(kernel), {
        subshellStarted: new Promise<void>((resolve) => {
          there = resolve;
        }),
      });
    const link = linkTo(kernel);
    await settled();
    void link.open();
    await settled();
    expect(kernel.comms).toHaveLength(1);
    there();
    await vi.waitFor(() => {
      expect(kernel.comms).toHaveLength(2);
    });
    there();
    await becomes(link, 'open');
  });

  it('opens again where the connection broke before the kernel had answered', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    kernel.connect('connecting');
    kernel.loaded = true;
    kernel.connect('connected');
    await becomes(link, 'open');
    expect(kernel.open).toHaveLength(1);
  });

  it('says that the kernel does not answer, and tries again when asked to', async () => {
    vi.useFakeTimers();
    const kernel = new FakeKernel();
    const { createComm } = kernel;
    kernel.createComm = () => {
      const comm = createComm.call(kernel);
      comm.open = () => undefined;
      comm.send = () => undefined;
      return comm;
    };
    const link = linkTo(kernel);
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();
    expect(link.state.kind).toBe('silent');
    kernel.createComm = createComm;
    kernel.loaded = true;
    await link.open();
    await becomes(link, 'open');
  });

  it('ends with its kernel, which cannot be told any more', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    const [comm] = kernel.open;
    if (comm === undefined) throw new Error('no comm');
    comm.close = () => {
      throw new Error('Kernel is dead');
    };
    kernel.status = 'dead';
    kernel.statusChanged.emit('dead');
    kernel.end();
    expect(link.state).toEqual({ kind: 'gone', status: 'dead' });
    expect(link.snapshot).toBeNull();
    expect(comm.isDisposed).toBe(true);
  });

  it('looks again when the cell that loads the extension has ended, and not before', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    kernel.publish('execute_input', 'run-1', { code: '%load_ext themis_jupyter' });
    // The end of something else: a request of the debugger, say.
    kernel.publish('status', 'other', { execution_state: 'idle' });
    await settled();
    expect(kernel.comms).toHaveLength(1);
    kernel.loaded = true;
    kernel.publish('status', 'run-1', { execution_state: 'idle' });
    await becomes(link, 'open');
  });

  it('is closed by the kernel when the extension is unloaded', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const link = linkTo(kernel);
    await becomes(link, 'open');
    kernel.loaded = false;
    kernel.open[0]?.onClose();
    await becomes(link, 'not loaded');
  });

  it('keeps what is known while the server is away, and asks for news when it is back', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    kernel.plugins = [plugin('counter')];
    const link = linkTo(kernel);
    kernel.connect('connecting');
    expect(link.isOffline).toBe(false);
    await becomes(link, 'open');
    kernel.connect('connecting');
    expect(link.isOffline).toBe(true);
    expect(link.snapshot?.plugins.size).toBe(1);
    kernel.plugins = [plugin('counter'), plugin('model')];
    kernel.connect('connected');
    await settled();
    expect(link.isOffline).toBe(false);
    expect(link.snapshot?.plugins.size).toBe(2);
    expect(kernel.comms).toHaveLength(1);
  });

  it('shows in one sentence that the kernel speaks another protocol', async () => {
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const state = kernel.state();
    kernel.state = () => ({ ...state, protocol: 99, package: '9.0', news: [] });
    const link = linkTo(kernel);
    await becomes(link, 'open');
    expect(link.snapshot?.connection).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('install the same version on both sides') as string,
    });
  });

  it('sends no code but the line that loads the extension', async () => {
    const kernel = new FakeKernel();
    const link = linkTo(kernel);
    await becomes(link, 'not loaded');
    await link.load();
    await becomes(link, 'open');
    await link.store?.request({ kind: 'reload', plugins: ['import os; os.abort()'] });
    expect(kernel.executed).toEqual([LOAD]);
    expect(TARGET).toBe('themis_jupyter');
  });
});
