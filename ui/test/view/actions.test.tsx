/** What is asked for of one plugin. */
import { act, fireEvent, within } from '@testing-library/preact';
import { describe, expect, it } from 'vitest';
import { plugin } from '../samples';
import { button, card, FAILED, press, show, transport, unfold, view } from './page';

describe('a card', () => {
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
