import { describe, expect, it, vi } from 'vitest';
import { showWith } from '../src/widgets';

/** A view as ipywidgets makes it, and what it was told. */
function view(more: Record<string, unknown> = {}) {
  const told: string[] = [];
  const el = document.createElement('div');
  el.textContent = 'the slider';
  return {
    told,
    el,
    luminoWidget: {
      isDisposed: false,
      processMessage: (message: { type: string }) => {
        told.push(message.type);
      },
    },
    remove: () => {
      told.push('remove');
    },
    ...more,
  };
}

const manager = (made: unknown, model: unknown = {}) => ({
  get_model: () => Promise.resolve(model),
  create_view: () => Promise.resolve(made),
});

describe('another widget', () => {
  it('is put in, told that it is on the page, and taken away', async () => {
    const made = view();
    const place = document.createElement('div');
    const clean = await showWith(manager(made))?.('id', place);
    expect(place.textContent).toBe('the slider');
    expect(made.told).toEqual(['before-attach', 'after-attach']);
    clean?.();
    expect(place.textContent).toBe('');
    expect(made.told.slice(2)).toEqual(['before-detach', 'after-detach', 'remove']);
  });

  it('that the kernel has closed is not told any more', async () => {
    const made = view();
    const place = document.createElement('div');
    const clean = await showWith(manager(made))?.('id', place);
    made.luminoWidget.isDisposed = true;
    clean?.();
    expect(place.textContent).toBe('');
    expect(made.told).toEqual(['before-attach', 'after-attach']);
  });

  it('that fails while it goes harms nothing', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const made = view({
      remove: () => {
        throw new Error('disposed');
      },
    });
    const clean = await showWith(manager(made))?.('id', document.createElement('div'));
    expect(clean).not.toThrow();
    expect(warn).toHaveBeenCalledOnce();
    warn.mockRestore();
  });

  it('is refused in words where it is none', async () => {
    const place = document.createElement('div');
    await expect(showWith(manager({}))?.('id', place)).rejects.toThrow('no view of a widget');
    await expect(showWith(manager(view(), null))?.('id', place)).rejects.toThrow('model is gone');
    expect(showWith(null)).toBeUndefined();
    expect(showWith({ get_model: 3 })).toBeUndefined();
  });
});
