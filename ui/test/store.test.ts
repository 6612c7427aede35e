import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../src/store';
import { entry, FakeTransport, operation, plugin, state } from './samples';

let transport: FakeTransport;
let store: Store;
let problems: string[];

beforeEach(() => {
  vi.useFakeTimers();
  problems = [];
  transport = new FakeTransport();
  store = new Store(transport, { report: (problem) => problems.push(problem) });
});
afterEach(() => {
  store.dispose();
  vi.useRealTimers();
});

const connect = (...args: Parameters<typeof state>): void => {
  store.hello();
  transport.say(state(...args));
  transport.reply('hello');
};
const names = (): string[] => [...store.snapshot.plugins.keys()];

describe('state and patches', () => {
  it('asks for the state once, and shows it', () => {
    store.hello();
    store.hello();
    expect(transport.of('hello')).toHaveLength(1);
    expect(transport.last('hello')).toMatchObject({ protocol: 1 });
    transport.say(state([plugin('index'), plugin('search')]));
    expect(store.snapshot.connection).toEqual({ kind: 'connected' });
    expect(names()).toEqual(['index', 'search']);
  });

  it('applies changed fields, and leaves other plugins the objects they were', () => {
    connect([plugin('index'), plugin('search')]);
    const before = store.snapshot.plugins.get('search');
    transport.say({ kind: 'patch', seq: 1, plugins: { index: { inFlight: 3, news: 1 } } });
    expect(store.snapshot.plugins.get('index')).toMatchObject({ inFlight: 3, version: '1.0' });
    expect(store.snapshot.plugins.get('search')).toBe(before);
  });

  it('takes plugins away, adds some, and orders them', () => {
    connect([plugin('a'), plugin('b')]);
    const plugins = { a: null, c: plugin('c') };
    transport.say({ kind: 'patch', seq: 1, plugins, order: ['c', 'b'] });
    expect(names()).toEqual(['c', 'b']);
  });

  it('asks again where a message is missing, and once only', () => {
    connect([plugin('index')]);
    transport.say({ kind: 'patch', seq: 2, plugins: { index: { inFlight: 1 } } });
    transport.say({ kind: 'patch', seq: 3, plugins: { index: { inFlight: 2 } } });
    expect(transport.of('hello')).toHaveLength(2);
    expect(store.snapshot.plugins.get('index')?.inFlight).toBe(0);
    transport.say(state([plugin('index', { inFlight: 2 })], { seq: 3 }));
    transport.say({ kind: 'patch', seq: 4, plugins: { index: { inFlight: 5 } } });
    expect(store.snapshot.plugins.get('index')?.inFlight).toBe(5);
    expect(store.snapshot.connection.kind).toBe('connected');
  });

  it('asks again where a patch is about a plugin of which it knows too little', () => {
    connect([]);
    transport.say({ kind: 'patch', seq: 1, plugins: { ghost: { inFlight: 1 } } });
    expect(transport.of('hello')).toHaveLength(2);
    expect(names()).toEqual([]);
  });

  it.each([
    null,
    7,
    'state',
    [],
    {},
    { kind: 'toString' },
    { kind: 'patch' },
    { kind: 'patch', seq: 1, log: [{}] },
    { kind: 'patch', seq: 1, plugins: { index: { life: 'dancing' } } },
    { kind: 'patch', seq: 1, operations: [{ number: 1 }] },
    { kind: 'state', seq: 0, protocol: 1, plugins: [{ name: 1 }] },
    { kind: 'reply', id: 1 },
  ])('ignores and reports %j', (message) => {
    connect([plugin('index')]);
    const before = store.snapshot;
    transport.say(message);
    expect(store.snapshot).toBe(before);
    expect(problems).toHaveLength(1);
  });

  it('keeps a bounded log, and counts what was left out', () => {
    connect([], { log: [entry(0)] });
    for (let i = 1; i <= 20; i++) {
      const log = Array.from({ length: 100 }, (_, j) => entry(i * 100 + j));
      transport.say({ kind: 'patch', seq: i, log, dropped: 5 });
    }
    expect(store.snapshot.log).toHaveLength(1000);
    expect(store.snapshot.log.at(-1)?.seq).toBe(2099);
    expect(store.snapshot.dropped).toBe(100);
  });

  it('keeps a bounded number of operations', () => {
    connect([]);
    const operations = Array.from({ length: 400 }, (_, i) => operation(i));
    transport.say({ kind: 'patch', seq: 1, operations });
    expect(store.snapshot.operations.size).toBe(300);
    expect(store.snapshot.operations.has(399)).toBe(true);
  });

  it('says how an operation ended, not each step', () => {
    connect([plugin('index')]);
    transport.say({ kind: 'patch', seq: 1, operations: [operation(1)] });
    expect(store.snapshot.announcement.text).toBe('');
    const ended = operation(1, { elapsed: 1, outcome: 'rolled back' });
    transport.say({ kind: 'patch', seq: 2, operations: [ended] });
    expect(store.snapshot.announcement).toEqual({ text: 'index: rolled back.', count: 1 });
  });

  it('tells other listeners nothing once they have unsubscribed', () => {
    const listener = vi.fn();
    const stop = store.subscribe(listener);
    connect([]);
    const { length } = listener.mock.calls;
    expect(length).toBeGreaterThan(0);
    stop();
    transport.say({ kind: 'patch', seq: 1, dropped: 1 });
    expect(listener.mock.calls).toHaveLength(length);
  });
});

describe('requests', () => {
  it('does not send a second one for the same plugin', async () => {
    connect([plugin('index'), plugin('search')]);
    const first = store.request({ kind: 'reload', plugins: ['index'] });
    const second = store.request({ kind: 'reload', plugins: ['index'] });
    const other = store.request({ kind: 'unload', plugin: 'search' });
    expect(transport.of('reload')).toHaveLength(1);
    expect((await second).kind).toBe('refusal');
    expect(store.snapshot.pending.get('index')?.kind).toBe('reload');
    transport.reply('reload', true, 'index reloaded');
    transport.reply('unload', false, 'search is needed by index');
    expect(await first).toMatchObject({ kind: 'success', text: 'index reloaded' });
    expect(await other).toEqual({ kind: 'refusal', text: 'search is needed by index' });
    expect(store.snapshot.pending.size).toBe(0);
    expect(store.snapshot.answers.get('search')?.text).toContain('needed by');
    store.dismiss('search');
    expect(store.snapshot.answers.size).toBe(0);
  });

  it('takes one for all plugins as one for each', async () => {
    connect([plugin('index')]);
    void store.request({ kind: 'reload', plugins: [] });
    expect((await store.request({ kind: 'reload', plugins: ['index'] })).kind).toBe('refusal');
    expect(transport.of('reload')).toHaveLength(1);
  });

  it('tells which operation of a plugin it has seen end', () => {
    const ended = [operation(4, { elapsed: 1 }), operation(5)];
    connect([plugin('index'), plugin('search')], { operations: ended });
    void store.request({ kind: 'reload', plugins: ['index'] });
    expect(transport.last('reload').seen).toEqual({ index: 4 });
    transport.reply('reload');
    transport.say({ kind: 'patch', seq: 1, operations: [operation(5, { elapsed: 2 })] });
    void store.request({ kind: 'reload', plugins: [] });
    expect(transport.last('reload').seen).toEqual({ index: 5 });
  });

  it('gives an answer after 60 s of silence, but waits for what runs', async () => {
    connect([plugin('index')]);
    const running = store.request({ kind: 'reload', plugins: ['index'] });
    transport.say({ kind: 'patch', seq: 1, operations: [operation(1)] });
    await vi.advanceTimersByTimeAsync(61_000);
    expect(store.snapshot.pending.size).toBe(1);
    transport.say({ kind: 'patch', seq: 2, operations: [operation(1, { elapsed: 61 })] });
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await running).kind).toBe('error');
    expect(store.snapshot.pending.size).toBe(0);
  });

  it('does not disable anything for a diff', () => {
    connect([plugin('index')]);
    void store.request({ kind: 'diff', plugin: 'index' });
    expect(store.snapshot.pending.size).toBe(0);
  });

  it('lets what only looks go on beside others, without a word in a card', async () => {
    connect([plugin('index')]);
    void store.request({ kind: 'reload', plugins: ['index'] });
    const before = store.snapshot;
    const asked = store.request({ kind: 'widget', plugin: 'index' });
    transport.reply('widget', false, 'index has no widget');
    expect(await asked).toEqual({ kind: 'refusal', text: 'index has no widget' });
    expect(store.snapshot).toBe(before);
  });

  it('forgets the answer that told how an operation ended, once a later one has', () => {
    const last = { outcome: 'failed', headline: 'index FAILED', time: 1, elapsed: 1 } as const;
    connect([plugin('index')]);
    void store.request({ kind: 'reload', plugins: ['index'] });
    transport.reply('reload', false, last.headline);
    transport.say({ kind: 'patch', seq: 1, plugins: { index: { last } } });
    expect(store.snapshot.answers.get('index')?.text).toBe('index FAILED');
    const later = { ...last, outcome: 'reloaded', headline: 'index reloaded', time: 2 };
    transport.say({ kind: 'patch', seq: 2, plugins: { index: { last: later } } });
    expect(store.snapshot.answers.size).toBe(0);
  });

  it('answers with an error where nobody can be reached', async () => {
    connect([plugin('index')]);
    transport.deaf = true;
    expect((await store.request({ kind: 'reload', plugins: ['index'] })).kind).toBe('error');
  });

  it('answers everything that is open when the kernel goes', async () => {
    connect([plugin('index')]);
    const answer = store.request({ kind: 'reload', plugins: ['index'] });
    transport.go();
    expect((await answer).kind).toBe('error');
    expect(store.snapshot.connection).toEqual({ kind: 'gone', why: 'closed' });
    expect((await store.request({ kind: 'reload', plugins: ['index'] })).kind).toBe('error');
  });
});

describe('the connection', () => {
  it('is refused by another protocol', () => {
    store.hello();
    transport.say({ ...state([]), protocol: 2, plugins: 'other' });
    expect(store.snapshot.connection).toMatchObject({ kind: 'refused' });
  });

  it('is refused where the kernel says so', () => {
    store.hello();
    transport.reply('hello', false, 'This page is older than the kernel.');
    expect(store.snapshot.connection).toEqual({
      kind: 'refused',
      text: 'This page is older than the kernel.',
    });
  });

  it('is gone after 10 s without an answer, and comes back with one', () => {
    store.hello();
    vi.advanceTimersByTime(10_000);
    expect(store.snapshot.connection).toEqual({ kind: 'gone', why: 'silent' });
    transport.say(state([]));
    expect(store.snapshot.connection.kind).toBe('connected');
  });

  it('is connected again by any message of a kernel that was silent', () => {
    connect([plugin('index')]);
    store.hello();
    vi.advanceTimersByTime(10_000);
    expect(store.snapshot.connection.kind).toBe('gone');
    transport.say({ kind: 'patch', seq: 1, plugins: { index: { inFlight: 1 } } });
    expect(store.snapshot.connection.kind).toBe('connected');
  });

  it('is gone where a kernel with subshells is silent when it is checked', () => {
    connect([plugin('index')]);
    store.check();
    vi.advanceTimersByTime(2_400);
    expect(store.snapshot.connection.kind).toBe('connected');
    vi.advanceTimersByTime(200);
    expect(store.snapshot.connection).toEqual({ kind: 'gone', why: 'closed' });
    // A live message of it: it is asked, and its state brings all back.
    transport.say({ kind: 'patch', seq: 1, plugins: { index: { inFlight: 1 } } });
    transport.say(state([plugin('index', { inFlight: 1 })], { seq: 1 }));
    expect(transport.of('hello')).toHaveLength(3);
    expect(store.snapshot.connection.kind).toBe('connected');
    vi.advanceTimersByTime(60_000);
    expect(store.snapshot.connection.kind).toBe('connected');
  });

  it('is there where anything comes while it is checked, also beside a hello', () => {
    connect([plugin('index')]);
    store.hello();
    store.check();
    vi.advanceTimersByTime(2_000);
    transport.say({ kind: 'patch', seq: 1, plugins: { index: { inFlight: 1 } } });
    vi.advanceTimersByTime(2_000);
    expect(store.snapshot.connection.kind).toBe('connected');
    expect(transport.of('hello')).toHaveLength(2);
  });

  it('waits where a kernel without subshells is silent when it is checked', () => {
    connect([], { kernel: { id: 'k1', python: '3.12', subshells: false, notebook: '' } });
    store.check();
    vi.advanceTimersByTime(20_000);
    expect(store.snapshot.connection).toEqual({ kind: 'waiting' });
  });

  it('waits for a cell where the kernel has no subshells', () => {
    connect([plugin('index')], {
      kernel: { id: 'k1', python: '3.12', subshells: false, notebook: '' },
    });
    void store.request({ kind: 'reload', plugins: ['index'] });
    vi.advanceTimersByTime(2_000);
    expect(store.snapshot.connection).toEqual({ kind: 'waiting' });
    vi.advanceTimersByTime(120_000);
    expect(store.snapshot.pending.size).toBe(1);
    transport.reply('reload');
    expect(store.snapshot.connection).toEqual({ kind: 'connected' });
    expect(store.snapshot.pending.size).toBe(0);
  });

  it('notices another kernel', async () => {
    connect([plugin('index')]);
    const open = store.request({ kind: 'reload', plugins: ['index'] });
    transport.say(
      state([], { kernel: { id: 'k2', python: '3.12', subshells: true, notebook: '' } }),
    );
    expect(store.snapshot.restarted).toBe(true);
    expect((await open).kind).toBe('error');
    transport.say(
      state([plugin('index')], {
        kernel: { id: 'k2', python: '3.12', subshells: true, notebook: '' },
      }),
    );
    expect(store.snapshot.restarted).toBe(false);
  });

  it('leaves no listener and no timer', () => {
    connect([plugin('index')]);
    void store.request({ kind: 'reload', plugins: ['index'] });
    store.check();
    store.dispose();
    expect(transport.listeners).toBe(0);
    expect(transport.disposed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
