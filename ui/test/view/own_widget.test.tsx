/** The widget that a plugin has of its own. */
import { act } from '@testing-library/preact';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppProps } from '../../src/props';
import { plugin, state } from '../samples';
import { button, card, open, press, say, store, transport, unfold } from './page';

describe("a plugin's own widget", () => {
  const clean = vi.fn<() => void>();
  const showWidget = vi.fn((model: string, el: HTMLElement) => {
    el.textContent = `widget ${model}`;
    return Promise.resolve(clean);
  });
  beforeEach(() => {
    clean.mockClear();
    showWidget.mockClear();
  });
  const start = async (props: Partial<AppProps> = { showWidget }): Promise<void> => {
    store.hello();
    open(props);
    await say(state([plugin('index', { widget: '1' }), plugin('plain')]));
    unfold('index');
    unfold('plain');
    await act(() => undefined);
  };
  const answer = (model: unknown): Promise<void> =>
    act(async () => {
      transport.reply('widget', true, '', { model });
      await Promise.resolve();
    });
  const settle = (): Promise<void> => act(() => new Promise((done) => setTimeout(done, 0)));

  it('is asked for when the card opens, and again when it is another', async () => {
    await start();
    expect(transport.of('widget').map((m) => m.plugin)).toEqual(['index']);
    expect(button('Reload: index').getAttribute('aria-disabled')).not.toBe('true');
    await answer('m1');
    await settle();
    expect(card('index').textContent).toContain('widget m1');
    await say({ kind: 'patch', seq: 1, plugins: { index: { inFlight: 1 } } });
    expect(transport.of('widget')).toHaveLength(1);
    await say({ kind: 'patch', seq: 2, plugins: { index: { widget: '2' } } });
    expect(transport.of('widget')).toHaveLength(2);
    expect(card('index').textContent).toContain('widget m1'); // until there is another
    await answer('m2');
    await settle();
    expect(clean).toHaveBeenCalledTimes(1);
    expect(card('index').textContent).toContain('widget m2');
    expect(card('index').textContent).not.toContain('widget m1');
    unfold('index');
    await settle();
    expect(clean).toHaveBeenCalledTimes(2);
  });

  it('says why it does not show', async () => {
    showWidget.mockRejectedValueOnce(new Error('widget model not found'));
    await start();
    await answer('m1');
    await settle();
    expect(card('index').textContent).toContain('widget model not found');
    press('Try again', card('index'));
    await act(() => undefined);
    await act(() => {
      transport.reply('widget', false, 'index.widget() failed: KeyError');
    });
    await settle();
    expect(card('index').textContent).toContain('index.widget() failed: KeyError');
    press('Try again', card('index'));
    await act(() => undefined);
    await answer(7);
    expect(card('index').textContent).toContain('no widget that this page can read');
    press('Try again', card('index'));
    await act(() => undefined);
    await answer(null);
    expect(card('index').textContent).toContain('no widget to show just now');
  });

  it('that comes after its card was closed is taken away', async () => {
    let finish: (value: typeof clean) => void = () => undefined;
    showWidget.mockReturnValueOnce(new Promise((done) => (finish = done)));
    await start();
    await answer('m1');
    await settle();
    unfold('index');
    await settle();
    finish(clean);
    await settle();
    expect(clean).toHaveBeenCalledTimes(1);
  });

  it('is said to be elsewhere where the host cannot show it', async () => {
    await start({});
    expect(card('index').textContent).toContain('It shows in the panel of a notebook');
    expect(transport.of('widget')).toEqual([]);
  });
});
