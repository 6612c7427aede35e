/** Puts a view into an element of a page, with its style. */
import { render } from 'preact';
import style from './style.css';
import type { AppProps } from './props';
import { App } from './view/app';

const MARK = 'data-themis-style';

/** A view that is shown. */
export interface Mounted {
  /** Puts other properties in the place of all that it had. */
  update(props: AppProps): void;
  /** Takes it away; the store is the host's, and lives on. */
  dispose(): void;
}

/** Shows a view in an element; the style is put into its page, or its shadow root, once. */
export function mount(el: HTMLElement, props: AppProps): Mounted {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : el.ownerDocument.head;
  if (place.querySelector(`style[${MARK}]`) === null) {
    const sheet = el.ownerDocument.createElement('style');
    sheet.setAttribute(MARK, '');
    sheet.textContent = style;
    place.append(sheet);
  }
  el.classList.add('themis-panel');
  let { store } = props;
  let kernels = 0;
  let over = false;
  const update = (next: AppProps): void => {
    if (over) return;
    // Another store is another kernel: nothing that was open or typed is of it.
    if (next.store !== store) kernels += 1;
    store = next.store;
    render(<App key={kernels} {...next} />, el);
  };
  update(props);
  return {
    update,
    dispose() {
      if (over) return;
      over = true;
      render(null, el);
      el.classList.remove('themis-panel');
    },
  };
}
