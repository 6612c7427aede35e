/** What a host gives to a view. No Preact in here: hosts need not know of it. */
import type { Store } from './store';

/** What some hosts can do, and others cannot. */
export interface Abilities {
  /** Shows the widget with this model in an element; resolves to the way to take it away. */
  showWidget?: (model: string, el: HTMLElement) => Promise<() => void>;
  /** Opens a file, by its absolute path on the kernel's machine, at a line. */
  openFile?: (file: string, line: number) => void;
}

export interface AppProps extends Abilities {
  store: Store;
  /** `panel`, `timeline`, `status` or `button`. */
  view?: string;
  plugin?: string;
  /** The card to open and to put the focus on; `count` tells that it is asked for again. */
  wanted?: { readonly plugin: string; readonly count: number } | undefined;
  /** What the kernel has rendered of the last known state: HTML that it has escaped. */
  saved?: string;
}
