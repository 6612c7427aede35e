// A page's measure: how long one patch takes under the heaviest load that a kernel may send.
// tools/measure.py runs it in a browser: 30 patches a second, each of 200 log entries, 200 cards.
import widget from '../dist/panel.js';
import * as kernel from './kernel.mjs';

const { now } = kernel;

const CARDS = 200;
const ENTRIES = 200;
const RATE = 30;
const PATCHES = 150;

const wish = new URLSearchParams(location.search);
const name = (i) => `plugin_${i % CARDS}`;
const plugin = (i) =>
  kernel.plugin(name(i), {
    stateSize: 1e6,
    watched: 'between cells',
    last: { outcome: 'reloaded', headline: 'reloaded', time: now(), elapsed: 0.2 },
    operation: i + 1,
  });
const PHASES = ['check', 'verify', 'save state', 'unload', 'load', 'create', 'restore state'];
const operation = (number, i, elapsed) => ({
  number,
  operation: 'reload',
  plugins: [name(i)],
  began: now(),
  elapsed,
  outcome: elapsed === null ? '' : 'reloaded',
  steps: PHASES.map((phase) => kernel.step(name(i), phase)),
});
let count = 0;
const entry = () => ({
  seq: ++count,
  time: now(),
  plugin: name(count),
  what: `reload ${count}: save state`,
  status: count % 9 ? 'finished' : 'failed',
  text: count % 9 ? '' : 'ValueError: no such column: temp',
  elapsed: 0.001,
});

const { emit, on, off } = kernel.ears();
const numbers = Array.from({ length: CARDS }, (_, i) => i);
const model = {
  get: () => '',
  on,
  off,
  send: () =>
    emit(
      'msg:custom',
      kernel.state(
        numbers.map(plugin),
        numbers.map((i) => operation(i + 1, i, 0.2)),
        Array.from({ length: 1000 }, entry),
      ),
    ),
};
const here = document.getElementById('here');
const one = widget();
one.initialize({ model });
one.render({ model, el: here });

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.floor(values.length * q)];
await wait(300);
if (wish.has('log')) {
  const heads = [...here.querySelectorAll('.tp-fold-head')];
  heads.find((b) => b.textContent.includes('Event log')).click();
  await wait(200);
}

const patches = [];
const frames = [];
let last = performance.now();
let over = false;
requestAnimationFrame(function frame(at) {
  frames.push(at - last);
  last = at;
  if (!over) requestAnimationFrame(frame);
});
const began = performance.now();
for (let seq = 1; seq <= PATCHES; seq++) {
  // As JSON, as over a comm: what is equal is never the same object.
  const message = JSON.parse(
    JSON.stringify({
      kind: 'patch',
      seq,
      plugins: Object.fromEntries(
        [1, 2, 3, 4, 5].map((k) => [name(seq * 7 + k), { inFlight: seq % 4, operation: seq + k }]),
      ),
      operations: [1, 2, 3].map((k) => operation(CARDS + seq + k, seq * 7 + k, 0.1)),
      log: Array.from({ length: ENTRIES }, entry),
    }),
  );
  const before = performance.now();
  emit('msg:custom', message);
  // Preact renders in a microtask; then style and layout are made to happen.
  for (let i = 0; i < 5; i++) await null;
  void here.offsetHeight;
  patches.push(performance.now() - before);
  await wait(Math.max(0, began + (seq * 1000) / RATE - performance.now()));
}
over = true;
const took = (performance.now() - began) / 1000;
window.result = {
  log: wish.has('log') ? 'open' : 'closed',
  patch_p50_ms: +quantile(patches, 0.5).toFixed(1),
  patch_p95_ms: +quantile(patches, 0.95).toFixed(1),
  frame_p95_ms: +quantile(frames, 0.95).toFixed(1),
  patches_per_s: +(PATCHES / took).toFixed(1),
};
