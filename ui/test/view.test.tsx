import {
  act,
  cleanup,
  fireEvent,
  render,
  within,
  type RenderResult,
} from '@testing-library/preact';
import axe from 'axe-core';
import { options, type VNode } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Plugin } from '../src/protocol';
import { Store } from '../src/store';
import type { AppProps } from '../src/props';
import { App } from '../src/view/app';
import { entry, FakeTransport, operation, plugin, state, step, version } from './samples';

let transport: FakeTransport;
let store: Store;
let view: RenderResult;

const open = (props: Partial<AppProps> = {}): void => {
  view = render(<App store={store} {...props} />);
};
const say = (message: unknown): Promise<void> =>
  act(() => {
    transport.say(message);
  });
const show = async (plugins: Plugin[], more: Parameters<typeof state>[1] = {}): Promise<void> => {
  store.hello();
  open();
  await say(state(plugins, more));
};
const card = (name: string): HTMLElement => view.getByRole('article', { name: `Plugin: ${name}` });
const button = (
  name: string | RegExp,
  where: HTMLElement = view.container as HTMLElement,
): HTMLElement => within(where).getByRole('button', { name });
const press = (name: string | RegExp, where?: HTMLElement): boolean =>
  fireEvent.click(button(name, where));
const unfold = (name: string): boolean => press(name, card(name));

const FAILED = plugin('index', {
  life: 'broken',
  drift: 'file is newer',
  driftText: 'The file has version 2.',
  operation: 1,
  inFlight: 2,
  stateSize: 12_000,
  dependents: ['search'],
  versions: [version(1), version(2, true)],
  last: { outcome: 'rolled back', headline: 'index rolled back', time: 1000, elapsed: 0.5 },
  error: {
    words: 'initialize failed: ValueError: bad.',
    traceback: 'File "index.py", line 3',
    where: { file: '/plugins/index.py', line: 3 },
    advice: 'Mend the file, and reload.',
  },
});
const OPERATION = operation(1, {
  elapsed: 0.5,
  outcome: 'rolled back',
  steps: [
    step('verify'),
    step('initialize', { status: 'failed', error: 'ValueError: bad' }),
    step('rollback'),
  ],
});

beforeEach(() => {
  transport = new FakeTransport();
  store = new Store(transport, { report: () => undefined });
});
afterEach(() => {
  cleanup();
  store.dispose();
  vi.useRealTimers();
});

describe('a card', () => {
  it('says it all in words, with roles', async () => {
    await show([FAILED, plugin('search')], { operations: [OPERATION] });
    const text = card('index').textContent;
    for (const word of [
      'index',
      'version 1.0',
      'broken',
      'file is newer',
      '2 calls in flight',
      'state 12 kB',
      'rolled back',
    ])
      expect(text).toContain(word);
    expect(text.split('ValueError')).toHaveLength(2); // closed: in one line
    unfold('index');
    await act(() => undefined);
    expect(button('index', card('index')).getAttribute('aria-expanded')).toBe('true');
    for (const word of [
      'Mend the file, and reload.',
      'File "index.py", line 3',
      'The file has version 2.',
    ])
      expect(card('index').textContent).toContain(word);
    const steps = within(card('index')).getByRole('list', { name: 'Steps of this reload' });
    const lines = [...steps.children].map((li) => li.textContent);
    expect(lines[1]).toContain('initialize failed');
    expect(lines[1]).not.toContain('ValueError'); // the error part says it
    expect(card('index').textContent.split('ValueError')).toHaveLength(2);
    expect(lines[2]).toContain('rollback');
    expect(lines[3]).toContain('rolled back500 ms');
    const pre = within(card('index')).getByRole('region', { name: 'Traceback' });
    expect(pre.tabIndex).toBe(0);
  });

  it('has no fault that axe finds', async () => {
    await show([FAILED, plugin('search'), plugin('new', { life: 'not loaded' })], {
      operations: [OPERATION],
      log: [entry(1)],
    });
    unfold('index');
    await act(() => undefined);
    press('What differs on disk', card('index'));
    press('Versions', card('index'));
    press('Event log');
    await act(() => undefined);
    const found = await axe.run(view.container, {
      rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
    });
    expect(found.violations.map((v) => `${v.id}: ${v.nodes[0]?.html ?? ''}`)).toEqual([]);
  });

  it('reloads once on two clicks, and can be pressed again after the answer', async () => {
    await show([plugin('index')]);
    press('Reload: index');
    press(/^Reload.*: index/);
    await act(() => undefined);
    expect(transport.of('reload')).toHaveLength(1);
    expect(button('Reload…: index').getAttribute('aria-disabled')).toBe('true');
    await act(() => {
      transport.reply('reload', false, 'index is being reloaded');
    });
    expect(card('index').textContent).toContain('index is being reloaded');
    press('Reload: index');
    expect(transport.of('reload')).toHaveLength(2);
  });

  it('keeps the focus while it is updated', async () => {
    await show([plugin('index'), plugin('search')]);
    button('Reload: search').focus();
    const focused = document.activeElement;
    press('Reload: search');
    await say({ kind: 'patch', seq: 1, plugins: { index: null, search: { life: 'reloading' } } });
    expect(document.activeElement).toBe(focused);
  });

  it('opens its steps by itself while a reload runs, and fills them in', async () => {
    await show([plugin('index')]);
    const steps = [step('save state', { status: 'started', elapsed: null, done: 5e6, total: 1e7 })];
    await say({
      kind: 'patch',
      seq: 1,
      plugins: { index: { operation: 1 } },
      operations: [operation(1, { steps })],
    });
    expect(card('index').textContent).toContain('save state running');
    expect(card('index').textContent).toContain('5.0 MB of 10 MB');
    expect(within(card('index')).getByRole('progressbar')).toHaveProperty('value', 5e6);
    const more = [
      step('save state', { elapsed: 2 }),
      step('load', { status: 'started', elapsed: null }),
    ];
    await say({ kind: 'patch', seq: 2, operations: [operation(1, { steps: more })] });
    expect(card('index').textContent).toContain('load running');
    expect(within(card('index')).queryByRole('progressbar')).toBeNull();
  });

  it('tells what a long step is at, and for how long', async () => {
    vi.useFakeTimers({ now: 1_000_000 });
    await show([plugin('index')]);
    vi.setSystemTime(1_060_000); // the card is older than the operation
    const began = 1059;
    const save = step('save state', {
      ...{ status: 'started', began, elapsed: null, done: 1.2e8, total: 3.4e8 },
      detail: 'checking that it loads',
    });
    await say({
      kind: 'patch',
      seq: 1,
      plugins: { index: { operation: 1 } },
      operations: [operation(1, { began, steps: [save] })],
    });
    await act(() => undefined);
    for (const text of ['120 MB of 340 MB', 'checking that it loads', '1.0 s so far'])
      expect(card('index').textContent).toContain(text);
    await act(() => {
      vi.advanceTimersByTime(2_000);
    });
    expect(card('index').textContent).toContain('3.0 s so far');
  });

  it('asks before it unloads, and forgets it on Escape', async () => {
    await show([FAILED]);
    unfold('index');
    await act(() => undefined);
    button('Unload: index').focus();
    press('Unload: index');
    await act(() => undefined);
    expect(document.activeElement?.textContent).toBe('Yes, unload');
    fireEvent.keyDown(document.activeElement!, { key: 'Escape' });
    await act(() => undefined);
    expect(transport.of('unload')).toEqual([]);
    expect(document.activeElement).toBe(button('Unload: index'));
    press('Unload: index');
    await act(() => undefined);
    press('Yes, unload');
    expect(transport.last('unload')).toMatchObject({ plugin: 'index', cascade: true });
  });

  it('reverts to a version, with what was chosen', async () => {
    await show([FAILED]);
    unfold('index');
    await act(() => undefined);
    press('Versions');
    await act(() => undefined);
    fireEvent.change(view.getByLabelText('What to bring back'), { target: { value: 'code' } });
    press('Revert to version 1');
    await act(() => undefined);
    expect(transport.of('revert')).toEqual([]);
    press('Yes, revert');
    expect(transport.last('revert')).toMatchObject({ plugin: 'index', version: 1, what: 'code' });
  });

  it('watches, loads, and reloads with dependents', async () => {
    await show([
      plugin('index', { dependents: ['a'], watched: 'at cells' }),
      plugin('new', { life: 'not loaded' }),
    ]);
    unfold('index');
    unfold('new');
    await act(() => undefined);
    expect(button('Watch: index').getAttribute('aria-pressed')).toBe('true');
    press('Watch: index');
    expect(transport.last('watch')).toMatchObject({ plugin: 'index', on: false });
    press('Load: new');
    expect(transport.last('load')).toMatchObject({ plugin: 'new' });
    await act(() => {
      transport.reply('watch');
    });
    press('Reload with dependents: index');
    expect(transport.last('reload')).toMatchObject({ plugins: ['index'], cascade: true });
    await act(() => undefined);
    expect(button('Reload with dependents…: index').textContent).toBe('Reload with dependents…');
    expect(button('Reload: index').textContent).toBe('Reload');
  });

  it('asks for what differs when that is opened', async () => {
    await show([plugin('index')]);
    unfold('index');
    await act(() => undefined);
    expect(transport.of('diff')).toEqual([]);
    press('What differs on disk');
    await act(() => undefined);
    expect(transport.last('diff')).toMatchObject({ plugin: 'index', a: 'running', b: 'file' });
    const lines = ['@@ -1 +1 @@\n', '-old\n', '+<b>new</b>\n'];
    const modules = [{ name: 'index', word: 'changed', a: 'old', b: 'new', lines, left: 3 }];
    await act(() => {
      transport.reply('diff', true, '', {
        a: 'running',
        b: 'file',
        modules,
        config: [],
        state: [],
        notes: [],
      });
    });
    await act(() => undefined);
    expect(view.container.querySelector('.tp-removed')?.textContent).toBe('-old\n');
    expect(view.container.querySelector('.tp-added')?.textContent).toBe('+<b>new</b>\n');
    expect(card('index').textContent).toContain('3 more lines');
  });
});

describe('an error', () => {
  const failed = { outcome: 'failed', headline: 'index FAILED', time: 1, elapsed: 1 } as const;

  it('is not told again by the answer, but other answers are', async () => {
    await show([plugin('index')]);
    press('Reload: index');
    await act(() => {
      transport.reply('reload', false, failed.headline);
    });
    expect(card('index').textContent).toContain('index FAILED');
    await say({ kind: 'patch', seq: 1, plugins: { index: { last: failed, error: FAILED.error } } });
    expect(card('index').textContent).not.toContain('index FAILED');
    expect(card('index').textContent).toContain('ValueError: bad');
    press('Reload: index');
    await act(() => {
      transport.reply('reload', false, 'index is being reloaded');
    });
    expect(card('index').textContent).toContain('index is being reloaded');
  });

  it('of a step that the error part does not have is told in the step', async () => {
    const steps = [step('rollback', { status: 'failed', error: 'OSError: disk full' })];
    await show([FAILED], { operations: [operation(1, { elapsed: 1, steps })] });
    unfold('index');
    await act(() => undefined);
    expect(card('index').textContent).toContain('OSError: disk full');
  });

  it('tells its line, and opens it where the host can', async () => {
    const openFile = vi.fn();
    store.hello();
    open({ openFile });
    await say(state([FAILED]));
    unfold('index');
    await act(() => undefined);
    const where = within(card('index')).getByTitle('/plugins/index.py');
    expect(where.textContent).toBe('index.py, line 3');
    press('Open line 3: index.py');
    expect(openFile).toHaveBeenCalledWith('/plugins/index.py', 3);
    view.rerender(<App store={store} />);
    expect(within(card('index')).queryByRole('button', { name: /Open line/ })).toBeNull();
  });
});

describe('a plugin that is not loaded', () => {
  const labels = (name: string): (string | null)[] =>
    within(card(name))
      .getAllByRole('button', { name: /^Load/ })
      .map((b) => b.textContent);

  it('is loaded with what is kept of its state, or without', async () => {
    const kept = '12 kB of state kept';
    await show([
      plugin('new', { life: 'not loaded', kept }),
      plugin('old', { life: 'not loaded' }),
    ]);
    unfold('new');
    unfold('old');
    await act(() => undefined);
    expect(card('new').textContent).toContain(kept);
    expect(button('Load and restore: new').className).toContain('tp-primary');
    press('Load and restore: new');
    expect(transport.last('load')).toMatchObject({ plugin: 'new', restore: true });
    await act(() => undefined);
    expect(labels('new')).toEqual(['Load and restore…', 'Load']);
    await act(() => {
      transport.reply('load');
    });
    expect(labels('new')).toEqual(['Load and restore', 'Load']);
    press('Load: new');
    await act(() => undefined);
    expect(labels('new')).toEqual(['Load and restore', 'Load…']);
    expect(transport.last('load')).not.toHaveProperty('restore');
    expect(within(card('old')).queryByRole('button', { name: /restore/ })).toBeNull();
  });
});

describe("a plugin's own widget", () => {
  const clean = vi.fn<() => void>();
  const showWidget = vi.fn((model: string, el: HTMLElement) => {
    el.textContent = `widget ${model}`;
    return Promise.resolve(clean);
  });
  beforeEach(() => {
    clean.mockClear();
    showWidget.mockClear();
  });
  const start = async (props: Partial<AppProps> = { showWidget }): Promise<void> => {
    store.hello();
    open(props);
    await say(state([plugin('index', { widget: '1' }), plugin('plain')]));
    unfold('index');
    unfold('plain');
    await act(() => undefined);
  };
  const answer = (model: unknown): Promise<void> =>
    act(async () => {
      transport.reply('widget', true, '', { model });
      await Promise.resolve();
    });
  const settle = (): Promise<void> => act(() => new Promise((done) => setTimeout(done, 0)));

  it('is asked for when the card opens, and again when it is another', async () => {
    await start();
    expect(transport.of('widget').map((m) => m.plugin)).toEqual(['index']);
    expect(button('Reload: index').getAttribute('aria-disabled')).not.toBe('true');
    await answer('m1');
    await settle();
    expect(card('index').textContent).toContain('widget m1');
    await say({ kind: 'patch', seq: 1, plugins: { index: { inFlight: 1 } } });
    expect(transport.of('widget')).toHaveLength(1);
    await say({ kind: 'patch', seq: 2, plugins: { index: { widget: '2' } } });
    expect(transport.of('widget')).toHaveLength(2);
    expect(card('index').textContent).toContain('widget m1'); // until there is another
    await answer('m2');
    await settle();
    expect(clean).toHaveBeenCalledTimes(1);
    expect(card('index').textContent).toContain('widget m2');
    expect(card('index').textContent).not.toContain('widget m1');
    unfold('index');
    await settle();
    expect(clean).toHaveBeenCalledTimes(2);
  });

  it('says why it does not show', async () => {
    showWidget.mockRejectedValueOnce(new Error('widget model not found'));
    await start();
    await answer('m1');
    await settle();
    expect(card('index').textContent).toContain('widget model not found');
    press('Try again', card('index'));
    await act(() => undefined);
    await act(() => {
      transport.reply('widget', false, 'index.widget() failed: KeyError');
    });
    await settle();
    expect(card('index').textContent).toContain('index.widget() failed: KeyError');
    press('Try again', card('index'));
    await act(() => undefined);
    await answer(7);
    expect(card('index').textContent).toContain('no widget that this page can read');
    press('Try again', card('index'));
    await act(() => undefined);
    await answer(null);
    expect(card('index').textContent).toContain('no widget to show just now');
  });

  it('that comes after its card was closed is taken away', async () => {
    let finish: (value: typeof clean) => void = () => undefined;
    showWidget.mockReturnValueOnce(new Promise((done) => (finish = done)));
    await start();
    await answer('m1');
    await settle();
    unfold('index');
    await settle();
    finish(clean);
    await settle();
    expect(clean).toHaveBeenCalledTimes(1);
  });

  it('is said to be elsewhere where the host cannot show it', async () => {
    await start({});
    expect(card('index').textContent).toContain('It shows in the panel of a notebook');
    expect(transport.of('widget')).toEqual([]);
  });
});

describe('names and texts of others', () => {
  it.each([['<img src=x onerror=alert(1)>'], ['a\u202egnp.exe'], ['x'.repeat(10_000)]])(
    'are shown as such: %.30s',
    async (bad) => {
      const error = { words: bad, traceback: bad, advice: bad, where: null };
      const more = {
        version: bad,
        type: bad,
        description: bad,
        drift: bad,
        driftText: bad,
        watched: bad,
        file: bad,
        dependents: [bad],
        error,
        operation: 1,
      };
      const operations = [
        operation(1, {
          plugins: [bad, 'b'],
          outcome: bad,
          steps: [step(bad, { plugin: bad, error: bad })],
        }),
      ];
      const log = [entry(1, { plugin: bad, what: bad, text: bad })];
      await show([plugin(bad, more)], { operations, log });
      press('Event log');
      await act(() => undefined);
      expect(view.container.querySelector('img')).toBeNull();
      expect(view.container.textContent).not.toContain('\u202e');
      if (bad.startsWith('<'))
        expect(view.container.querySelector('.tp-name')?.textContent).toBe(bad);
      expect(view.container.querySelector('.tp-name')!.textContent.length).toBeLessThanOrEqual(120);
    },
  );
});

describe('the panel', () => {
  it('searches, sorts, and reloads all', async () => {
    const last = { outcome: 'reloaded', headline: '', time: 9, elapsed: 1 } as const;
    await show([
      plugin('b'),
      plugin('a', { life: 'not loaded' }),
      plugin('c', { last, life: 'broken' }),
    ]);
    const order = (): (string | null)[] =>
      [...view.container.querySelectorAll('.tp-card .tp-name')].map((n) => n.textContent);
    expect(order()).toEqual(['a', 'b', 'c']);
    fireEvent.change(view.getByLabelText('Sort by'), { target: { value: 'life' } });
    await act(() => undefined);
    expect(order()).toEqual(['c', 'b', 'a']);
    fireEvent.input(view.getByLabelText('Search plugins'), { target: { value: 'zzz' } });
    await act(() => undefined);
    expect(view.container.textContent).toContain('No plugin fits “zzz”.');
    press('Clear the search');
    await act(() => undefined);
    expect(order()).toHaveLength(3);
    press('Reload all');
    expect(transport.last('reload')).toMatchObject({ plugins: [] });
  });

  it('says what to do where there is nothing, or nobody', async () => {
    await show([]);
    expect(view.container.textContent).toContain('%load_plugin NAME');
    await say(state([plugin('index')], { seq: 5 }));
    await act(() => {
      transport.go();
    });
    const lines = view.container.querySelector('.tp-banner pre')?.textContent;
    expect(lines).toBe('%load_ext themis_jupyter\n%load_plugin index --restore\nPluginPanel()');
    expect(button('Reload: index').getAttribute('aria-disabled')).toBe('true');
    expect(view.getAllByRole('button', { name: 'Copy' })).toHaveLength(1);
  });

  it('shows the last known state until it is connected', async () => {
    open({ saved: '<b class="was">index</b>' });
    expect(view.container.querySelector('.was')).not.toBeNull();
    await say(state([]));
    expect(view.container.querySelector('.was')).toBeNull();
  });

  it('filters the log', async () => {
    const log = [
      entry(1),
      entry(2, { status: 'failed', text: 'boom' }),
      entry(3, { plugin: 'search' }),
    ];
    await show([], { log });
    press('Event log');
    await act(() => undefined);
    const count = (): number => view.container.querySelectorAll('.tp-entries li').length;
    expect(count()).toBe(3);
    fireEvent.click(view.getByLabelText('failed only'));
    await act(() => undefined);
    expect(count()).toBe(1);
    fireEvent.input(view.getByLabelText('Filter the log by text'), {
      target: { value: 'nothing' },
    });
    await act(() => undefined);
    expect(view.container.textContent).toContain('No event fits the filter.');
  });

  it('shows a flood of events four times a second, and the last one always', async () => {
    await show([], { log: [entry(0)] });
    press('Event log');
    await act(() => undefined);
    vi.useFakeTimers();
    const seen = new Set<string | null | undefined>();
    for (let i = 1; i <= 60; i++) {
      await say({ kind: 'patch', seq: i, log: [entry(i, { text: `event ${i}` })] });
      await act(() => {
        vi.advanceTimersByTime(33);
      });
      seen.add(view.container.querySelector('.tp-entries li')?.textContent);
    }
    expect(seen.size).toBeGreaterThanOrEqual(7);
    expect(seen.size).toBeLessThanOrEqual(10);
    await act(() => {
      vi.advanceTimersByTime(300);
    });
    expect(view.container.querySelector('.tp-entries li')?.textContent).toContain('event 60');
  });

  it('renders only what changed, of 200 plugins', async () => {
    await show(Array.from({ length: 200 }, (_, i) => plugin(`p${String(i)}`)));
    const rendered: string[] = [];
    type Hooked = typeof options & { __r?: (vnode: VNode) => void };
    const hooked = options as Hooked;
    const before = hooked.__r;
    hooked.__r = (vnode) => {
      const props = vnode.props as { plugin?: Plugin; operation?: unknown; store?: unknown };
      if ('operation' in props && props.store !== undefined && props.plugin)
        rendered.push(props.plugin.name);
      before?.(vnode);
    };
    try {
      for (let i = 1; i <= 30; i++)
        await say({ kind: 'patch', seq: i, plugins: { p7: { inFlight: i } }, log: [entry(i)] });
    } finally {
      if (before) hooked.__r = before;
      else delete hooked.__r;
    }
    expect(new Set(rendered)).toEqual(new Set(['p7']));
    expect(rendered.length).toBeGreaterThanOrEqual(30);
    expect(rendered.length).toBeLessThanOrEqual(90);
  });

  it('tells screen readers how it ended', async () => {
    await show([plugin('index')]);
    await say({
      kind: 'patch',
      seq: 1,
      operations: [operation(1, { elapsed: 1, outcome: 'reloaded' })],
    });
    const live = view.container.querySelector('[aria-live=polite]');
    expect(live?.textContent).toBe('index: reloaded.');
  });
});

describe('the small views', () => {
  it.each([
    ['status', 'broken'],
    ['timeline', 'initialize failed'],
    ['button', 'Reload'],
  ])('%s', async (kind, text) => {
    open({ view: kind, plugin: 'index' });
    await say(state([FAILED, plugin('search')], { operations: [OPERATION] }));
    expect(view.container.textContent).toContain(text);
    expect(view.container.textContent).not.toContain('search');
    if (kind === 'button') {
      press('Reload: index');
      expect(transport.last('reload')).toMatchObject({ plugins: ['index'] });
    }
  });

  it('say where there is no such plugin', async () => {
    open({ view: 'status', plugin: 'ghost' });
    await say(state([]));
    expect(view.container.textContent).toContain('There is no plugin ghost');
  });
});
