/** Texts that others wrote. */
import { act } from '@testing-library/preact';
import { describe, expect, it } from 'vitest';
import { entry, operation, plugin, step } from '../samples';
import { press, show, view } from './page';

describe('names and texts of others', () => {
  it.each([['<img src=x onerror=alert(1)>'], ['a\u202egnp.exe'], ['x'.repeat(10_000)]])(
    'are shown as such: %.30s',
    async (bad) => {
      const error = { words: bad, traceback: bad, advice: bad, where: null };
      const more = {
        version: bad,
        type: bad,
        description: bad,
        drift: bad,
        driftText: bad,
        watched: bad,
        file: bad,
        dependents: [bad],
        error,
        operation: 1,
      };
      const operations = [
        operation(1, {
          plugins: [bad, 'b'],
          outcome: bad,
          steps: [step(bad, { plugin: bad, error: bad })],
        }),
      ];
      const log = [entry(1, { plugin: bad, what: bad, text: bad })];
      await show([plugin(bad, more)], { operations, log });
      press('Event log');
      await act(() => undefined);
      expect(view.container.querySelector('img')).toBeNull();
      expect(view.container.textContent).not.toContain('\u202e');
      if (bad.startsWith('<'))
        expect(view.container.querySelector('.tp-name')?.textContent).toBe(bad);
      expect(view.container.querySelector('.tp-name')!.textContent.length).toBeLessThanOrEqual(120);
    },
  );
});
