// A made-up kernel, for pages outside Jupyter: what it says where a page has nothing else to say.
export const now = () => Date.now() / 1000;

export const plugin = (name, more = {}) => ({
  name,
  version: '1.2.0',
  type: 'ranker',
  description: `What ${name} does, in a sentence.`,
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
  file: `/home/ada/work/plugins/${name}.py`,
  widget: null,
  kept: '',
  ...more,
});

export const step = (plugin, phase, more = {}) => ({
  plugin,
  phase,
  status: 'finished',
  began: now(),
  elapsed: 0.01,
  error: '',
  detail: '',
  done: null,
  total: null,
  ...more,
});

export const state = (plugins, operations, log) => ({
  kind: 'state',
  seq: 0,
  protocol: 1,
  package: '1.0.0',
  kernel: { id: 'k', python: '3.12.1', subshells: true, notebook: '' },
  plugins,
  operations,
  log,
});

/** The part of a widget's model that hears, and `emit`, which speaks to who listens. */
export function ears() {
  const handlers = new Map();
  return {
    emit: (event, ...args) => handlers.get(event)?.forEach((h) => h(...args)),
    on: (event, handler) => handlers.set(event, [...(handlers.get(event) ?? []), handler]),
    off: (event, handler) =>
      handlers.set(
        event,
        (handlers.get(event) ?? []).filter((h) => h !== handler),
      ),
  };
}
