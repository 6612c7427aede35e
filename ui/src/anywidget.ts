/** The widget: a store on the comm of an anywidget, and as many views of it as are shown. */
import { mount } from './mount';
import { Store } from './store';
import type { Transport } from './transport';
import { showWith } from './widgets';

type Handler = (...args: unknown[]) => void;

/** What anywidget gives us of its model. */
export interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: string, handler: Handler): void;
  off(event: string, handler: Handler): void;
  /** Of ipywidgets' own model; anywidget's stand-in does not have it. */
  comm_live?: boolean;
  /** Of ipywidgets: anywidget hands it through, untyped. */
  widget_manager?: unknown;
}

export interface Context {
  model: Model;
  signal?: AbortSignal;
}

/** Carries messages over a model's comm. */
export function transportOf(model: Model): Transport {
  const stops = new Set<() => void>();
  const listen = (event: string, handler: Handler): (() => void) => {
    model.on(event, handler);
    const stop = (): void => {
      model.off(event, handler);
      stops.delete(stop);
    };
    stops.add(stop);
    return stop;
  };
  return {
    send(message) {
      if (model.comm_live === false) throw new Error('the comm is closed');
      model.send(message);
    },
    onMessage: (callback) =>
      listen('msg:custom', (content) => {
        callback(content);
      }),
    onGone(callback) {
      const closed = listen('comm:close', callback);
      const live = listen('comm_live_update', () => {
        if (model.comm_live === false) callback();
      });
      return () => {
        closed();
        live();
      };
    },
    dispose() {
      for (const stop of [...stops]) stop();
    },
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** One of these for each model: its views share a store. */
export default function widget() {
  let store: Store | null = null;
  /** Listens on the model until it is no longer needed; returns the way to stop. */
  const begin = (model: Model): (() => void) => {
    const own = new Store(transportOf(model));
    store = own;
    // Where it cannot be read whether the comm lives, the kernel is asked.
    const check = (): void => {
      if (model.comm_live === undefined) own.check();
    };
    model.on('comm_live_update', check);
    return () => {
      model.off('comm_live_update', check);
      own.dispose();
      if (store === own) store = null;
    };
  };
  return {
    initialize({ model, signal }: Context): (() => void) | undefined {
      const end = begin(model);
      if (signal === undefined) return end;
      signal.addEventListener('abort', end, { once: true });
      return end;
    },
    render({ model, el, signal }: Context & { el: HTMLElement }): () => void {
      const end = store === null ? begin(model) : null;
      const shared = store;
      if (shared === null) throw new Error('no store');
      const showWidget = showWith(model.widget_manager);
      const view = mount(el, {
        store: shared,
        view: text(model.get('view')) || 'panel',
        plugin: text(model.get('plugin')),
        saved: text(model.get('saved')),
        ...(showWidget && { showWidget }),
      });
      shared.hello();
      let over = false;
      const clean = (): void => {
        if (over) return;
        over = true;
        signal?.removeEventListener('abort', clean);
        view.dispose();
        end?.();
      };
      signal?.addEventListener('abort', clean, { once: true });
      return clean;
    },
  };
}
