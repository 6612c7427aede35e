/** The steps of a reload while it runs. */
import { act, within } from '@testing-library/preact';
import { describe, expect, it, vi } from 'vitest';
import { operation, plugin, step } from '../samples';
import { card, say, show } from './page';

describe('a card', () => {
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
});
