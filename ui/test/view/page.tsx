/** A page with a view in it, and a kernel that says what a test lets it say. */
import {
  act,
  cleanup,
  fireEvent,
  render,
  within,
  type RenderResult,
} from '@testing-library/preact';
import { afterEach, beforeEach, vi } from 'vitest';
import type { AppProps } from '../../src/props';
import type { Plugin } from '../../src/protocol';
import { Store } from '../../src/store';
import { App } from '../../src/view/app';
import { FakeTransport, operation, plugin, state, step, version } from '../samples';

/** Of the test that runs; whoever imports them sees those of the next test in the next test. */
export let transport: FakeTransport;
export let store: Store;
export let view: RenderResult;

export const open = (props: Partial<AppProps> = {}): void => {
  view = render(<App store={store} {...props} />);
};
export const say = (message: unknown): Promise<void> =>
  act(() => {
    transport.say(message);
  });
export const show = async (
  plugins: Plugin[],
  more: Parameters<typeof state>[1] = {},
): Promise<void> => {
  store.hello();
  open();
  await say(state(plugins, more));
};
export const card = (name: string): HTMLElement =>
  view.getByRole('article', { name: `Plugin: ${name}` });
export const button = (
  name: string | RegExp,
  where: HTMLElement = view.container as HTMLElement,
): HTMLElement => within(where).getByRole('button', { name });
export const press = (name: string | RegExp, where?: HTMLElement): boolean =>
  fireEvent.click(button(name, where));
export const unfold = (name: string): boolean => press(name, card(name));

export const FAILED = plugin('index', {
  life: 'broken',
  drift: 'file is newer',
  driftText: 'The file has version 2.',
  operation: 1,
  inFlight: 2,
  stateSize: 12_000,
  dependents: ['search'],
  versions: [version(1), version(2, true)],
  last: { outcome: 'rolled back', headline: 'index rolled back', time: 1000, elapsed: 0.5 },
  error: {
    words: 'initialize failed: ValueError: bad.',
    traceback: 'File "index.py", line 3',
    where: { file: '/plugins/index.py', line: 3 },
    advice: 'Mend the file, and reload.',
  },
});
export const OPERATION = operation(1, {
  elapsed: 0.5,
  outcome: 'rolled back',
  steps: [
    step('verify'),
    step('initialize', { status: 'failed', error: 'ValueError: bad' }),
    step('rollback'),
  ],
});

beforeEach(() => {
  transport = new FakeTransport();
  store = new Store(transport, { report: () => undefined });
});
afterEach(() => {
  cleanup();
  store.dispose();
  vi.useRealTimers();
});
