import { act } from '@testing-library/preact';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import widget, { type Model } from '../src/anywidget';
import { plugin, state, type Sent } from './samples';

type Handler = (...args: unknown[]) => void;

class FakeModel implements Model {
  readonly sent: Sent[] = [];
  readonly handlers: [string, Handler][] = [];
  comm_live?: boolean;
  constructor(private readonly traits: Record<string, unknown> = {}) {}
  get(name: string): unknown {
    return this.traits[name];
  }
  send(content: unknown): void {
    this.sent.push(content as Sent);
  }
  on(event: string, handler: Handler): void {
    this.handlers.push([event, handler]);
  }
  off(event: string, handler: Handler): void {
    const at = this.handlers.findIndex(([e, h]) => e === event && h === handler);
    if (at >= 0) this.handlers.splice(at, 1);
  }
  emit(event: string, ...args: unknown[]): void {
    for (const [e, h] of [...this.handlers]) if (e === event) h(...args);
  }
}

beforeEach(() => {
  document.body.innerHTML = '<div id="a"></div><div id="b"></div>';
});
afterEach(() => {
  vi.useRealTimers();
});
const el = (id: string): HTMLElement => document.getElementById(id)!;

it('shares one store among the views of a model, and leaves nothing behind', async () => {
  const model = new FakeModel();
  const stop = new AbortController();
  const one = widget();
  one.initialize({ model, signal: stop.signal });
  const first = one.render({ model, el: el('a') });
  const second = one.render({ model, el: el('b') });
  expect(model.sent.map((m) => m.kind)).toEqual(['hello']);
  await act(() => {
    model.emit('msg:custom', state([plugin('index')]), []);
  });
  expect(el('a').textContent).toContain('index');
  expect(el('b').textContent).toContain('index');
  expect(document.querySelectorAll('style[data-themis-style]')).toHaveLength(1);
  first();
  expect(el('a').textContent).toBe('');
  expect(el('b').textContent).toContain('index');
  second();
  stop.abort();
  expect(model.handlers).toEqual([]);
});

it('works where nobody calls initialize, and ends with the signal', async () => {
  const model = new FakeModel({ view: 'status', plugin: 'index' });
  const stop = new AbortController();
  widget().render({ model, el: el('a'), signal: stop.signal });
  await act(() => {
    model.emit('msg:custom', state([plugin('index')]));
  });
  expect(el('a').textContent).toContain('loaded');
  stop.abort();
  expect(el('a').textContent).toBe('');
  expect(model.handlers).toEqual([]);
});

it.each(['comm:close', 'comm_live_update'])('says it when the comm is dead: %s', async (event) => {
  const model = new FakeModel();
  const one = widget();
  one.initialize({ model });
  const clean = one.render({ model, el: el('a') });
  await act(() => {
    model.emit('msg:custom', state([plugin('index')]));
  });
  model.comm_live = false;
  await act(() => {
    model.emit(event);
  });
  expect(el('a').textContent).toContain('restarted or shut down');
  clean();
});

it('asks again where it cannot be read whether the comm lives', async () => {
  const model = new FakeModel();
  const one = widget();
  one.initialize({ model });
  const clean = one.render({ model, el: el('a') });
  await act(() => {
    model.emit('msg:custom', state([]));
  });
  model.emit('comm_live_update');
  expect(model.sent).toHaveLength(2);
  clean();
});

it('puts its style into the shadow root that it is shown in', () => {
  const root = el('a').attachShadow({ mode: 'open' });
  const inner = document.createElement('div');
  root.append(inner);
  const model = new FakeModel();
  const clean = widget().render({ model, el: inner });
  expect(root.querySelectorAll('style')).toHaveLength(1);
  clean();
});
