import { screen, waitFor } from '@testing-library/preact';
import { afterEach, describe, expect, it } from 'vitest';
import { mount, Store } from '../src/lib';
import { plugin, FakeTransport, state } from './samples';

/** A store that has been told of one plugin. */
function storeOf(name: string): Store {
  const transport = new FakeTransport();
  const store = new Store(transport);
  store.hello();
  transport.say(state([plugin(name)]));
  return store;
}

describe('a view in another host', () => {
  afterEach(() => {
    document.body.replaceChildren();
  });

  it('shows another kernel as if it were opened anew', async () => {
    const el = document.createElement('div');
    document.body.append(el);
    const [one, other] = [storeOf('index'), storeOf('search')];
    const mounted = mount(el, { store: one });
    const search = screen.getByRole<HTMLInputElement>('searchbox', { name: 'Search plugins' });
    search.value = 'ind';
    search.dispatchEvent(new Event('input', { bubbles: true }));
    await waitFor(() => screen.getByRole('article', { name: 'Plugin: index' }));
    mounted.update({ store: other });
    await waitFor(() => screen.getByRole('article', { name: 'Plugin: search' }));
    expect(screen.queryByRole('article', { name: 'Plugin: index' })).toBeNull();
    expect(screen.getByRole<HTMLInputElement>('searchbox', { name: 'Search plugins' }).value).toBe(
      '',
    );
    mounted.dispose();
    expect(el.textContent).toBe('');
    // The stores are the host's: they live on.
    expect(other.snapshot.connection.kind).toBe('connected');
  });
});
