// A made-up kernel for demo.html: what it says is in here, and reloads go through their steps.
import widget from './dist/panel.js';
import * as kernel from './tools/kernel.mjs';

const { now, plugin } = kernel;

const wish = new URLSearchParams(location.search);
const show = wish.get('show') ?? 'panel';
document.getElementById('here').style.width = `${wish.get('width') ?? 'auto'}px`;
if (wish.has('dark')) document.body.classList.add('dark');

const step = (name, phase, elapsed, more = {}) =>
  kernel.step(name, phase, { began: now() - 3, elapsed, ...more });
const version = (number, running) => ({
  number,
  time: now() - 9000 / number,
  how: number === 1 ? 'load' : 'reload',
  plugin: '1.2.0',
  running,
  state: '1.4 MB kept',
});
const last = (outcome, headline) => ({ outcome, headline, time: now() - 60, elapsed: 0.42 });

const plugins =
  show === 'empty'
    ? []
    : [
        plugin('thermometer', {
          watched: 'between cells',
          inFlight: 2,
          stateSize: 1.4e6,
          versions: [version(1, false), version(2, true)],
          operation: 2,
          last: last(
            'reloaded',
            'thermometer reloaded in 42 ms: 2 changes, state kept (3 fields, 1.4 MB)',
          ),
          dependents: ['search'],
        }),
        plugin('index', {
          operation: 3,
          drift: 'file is newer',
          driftText: 'Running version 1, the file has other code.',
          versions: [version(1, true)],
          last: last('rolled back', 'index rolled back: initialize failed'),
          error: {
            words: 'initialize failed: ValueError: no such column: temp.',
            advice: 'The old version runs, with the state it had. Mend the file, and reload.',
            traceback:
              'Traceback (most recent call last):\n  File "/home/ada/work/plugins/index.py", line 14, in initialize\n    self.column = self.table["temp"]\nValueError: no such column: temp',
            where: { file: '/home/ada/work/plugins/index.py', line: 14 },
          },
        }),
        plugin('search', { operation: 4, life: 'reloading', stateSize: 3.2e8 }),
        plugin('archive', { life: 'broken', last: last('failed', 'archive FAILED') }),
        plugin('<img src=x onerror=alert(1)>', {
          life: 'not loaded',
          kept: 'state saved 2026-11-24 12:03, 1.2 MB',
        }),
      ];
const operations = [
  {
    number: 2,
    operation: 'reload',
    plugins: ['thermometer'],
    began: now() - 60,
    elapsed: 0.042,
    outcome: 'reloaded',
    steps: [
      'check',
      'verify',
      'stage',
      'save state',
      'before unload',
      'unload',
      'load',
      'create',
      'initialize',
      'restore state',
      'after load',
    ].map((p, i) => step('thermometer', p, 0.001 * (1 + ((i * 7) % 11)))),
  },
  {
    number: 3,
    operation: 'reload',
    plugins: ['index'],
    began: now() - 60,
    elapsed: 0.42,
    outcome: 'rolled back',
    steps: [
      step('index', 'check', 0.0001),
      step('index', 'verify', 0.004),
      step('index', 'save state', 0.2),
      step('index', 'unload', 0.002),
      step('index', 'initialize', 0.11, {
        status: 'failed',
        error: 'ValueError: no such column: temp',
      }),
      step('index', 'rollback', 0.1),
    ],
  },
  {
    number: 4,
    operation: 'reload',
    plugins: ['search'],
    began: now() - 3,
    elapsed: null,
    outcome: '',
    steps: [
      step('search', 'check', 0.0002),
      step('search', 'verify', 0.01),
      step('search', 'save state', null, { status: 'started', done: 1.2e8, total: 3.2e8 }),
    ],
  },
];
const log = operations.flatMap((o) =>
  o.steps.map((s) => ({
    seq: 0,
    time: s.began,
    plugin: s.plugin,
    what: `reload ${o.number}: ${s.phase}`,
    status: s.status,
    text: s.error,
    elapsed: s.elapsed,
  })),
);
log.forEach((e, i) => (e.seq = i));

const { emit, on, off } = kernel.ears();
const model = {
  get: (name) =>
    ({
      view: ['timeline', 'status', 'button'].includes(show) ? show : 'panel',
      plugin: wish.get('plugin') ?? 'index',
    })[name],
  on,
  off,
  send(m) {
    const reply = (text, data) =>
      emit('msg:custom', { kind: 'reply', id: m.id, ok: true, text, data });
    if (m.kind === 'hello') {
      emit('msg:custom', kernel.state(plugins, operations, log));
      reply('');
    } else if (m.kind === 'diff') {
      const lines = [
        '@@ -12,3 +12,3 @@',
        ' def initialize(self, config):',
        '-    self.column = self.table["temperature"]',
        '+    self.column = self.table["temp"]',
      ];
      reply('', {
        a: 'running',
        b: 'file',
        modules: [{ name: 'index', word: 'changed', a: '', b: '', lines, left: 0 }],
        config: [],
        state: [],
        notes: [],
      });
    } else setTimeout(() => reply('done'), 500);
  },
};
const one = widget();
one.initialize({ model });
one.render({ model, el: document.getElementById('here') });
const wait = () => new Promise((done) => setTimeout(done, 50));
await wait();
if (show === 'gone') emit('comm:close');
const name = wish.get('open');
if (name) {
  const click = (text) =>
    [...document.querySelectorAll('.tp-fold-head')]
      .filter((b) => b.textContent.includes(text) && b.ariaExpanded === 'false')
      .forEach((b) => b.click());
  click(name);
  await wait();
  for (const text of ['differs', 'Versions', 'log']) click(text);
}
