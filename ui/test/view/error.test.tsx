/** What went wrong with a plugin, and where. */
import { act, within } from '@testing-library/preact';
import { describe, expect, it, vi } from 'vitest';
import { App } from '../../src/view/app';
import { operation, plugin, state, step } from '../samples';
import { card, FAILED, open, press, say, show, store, transport, unfold, view } from './page';

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
