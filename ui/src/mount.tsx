/** Puts a view into an element of a page, with its style. */
import { render } from 'preact';
import style from './style.css';
import { App, type AppProps } from './view/app';

const MARK = 'data-themis-style';

/** Returns the way to take it away again. */
export function mount(el: HTMLElement, props: AppProps): () => void {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : el.ownerDocument.head;
  if (place.querySelector(`style[${MARK}]`) === null) {
    const sheet = el.ownerDocument.createElement('style');
    sheet.setAttribute(MARK, '');
    sheet.textContent = style;
    place.append(sheet);
  }
  el.classList.add('themis-panel');
  render(<App {...props} />, el);
  return () => {
    render(null, el);
    el.classList.remove('themis-panel');
  };
}
