/** All plugins, and the page as a whole. */
import { act, fireEvent } from '@testing-library/preact';
import { options, type VNode } from 'preact';
import { describe, expect, it } from 'vitest';
import type { Plugin } from '../../src/protocol';
import { entry, operation, plugin, state } from '../samples';
import { button, open, press, say, show, transport, view } from './page';

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
