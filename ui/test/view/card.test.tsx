/** What a card says of its plugin. */
import { act, within } from '@testing-library/preact';
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { entry, plugin } from '../samples';
import { button, card, FAILED, OPERATION, press, say, show, transport, unfold, view } from './page';

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

  it('keeps the focus while it is updated', async () => {
    await show([plugin('index'), plugin('search')]);
    button('Reload: search').focus();
    const focused = document.activeElement;
    press('Reload: search');
    await say({ kind: 'patch', seq: 1, plugins: { index: null, search: { life: 'reloading' } } });
    expect(document.activeElement).toBe(focused);
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
