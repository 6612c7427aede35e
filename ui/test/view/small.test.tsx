/** The views of one plugin. */
import { describe, expect, it } from 'vitest';
import { plugin, state } from '../samples';
import { FAILED, open, OPERATION, press, say, transport, view } from './page';

describe('the small views', () => {
  it.each([
    ['status', 'broken'],
    ['timeline', 'initialize failed'],
    ['button', 'Reload'],
  ])('%s', async (kind, text) => {
    open({ view: kind, plugin: 'index' });
    await say(state([FAILED, plugin('search')], { operations: [OPERATION] }));
    expect(view.container.textContent).toContain(text);
    expect(view.container.textContent).not.toContain('search');
    if (kind === 'button') {
      press('Reload: index');
      expect(transport.last('reload')).toMatchObject({ plugins: ['index'] });
    }
  });

  it('say where there is no such plugin', async () => {
    open({ view: 'status', plugin: 'ghost' });
    await say(state([]));
    expect(view.container.textContent).toContain('There is no plugin ghost');
  });
});
