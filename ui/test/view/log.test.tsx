/** The log of events. */
import { act, fireEvent } from '@testing-library/preact';
import { describe, expect, it, vi } from 'vitest';
import { entry } from '../samples';
import { press, say, show, view } from './page';

describe('the panel', () => {
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
});
