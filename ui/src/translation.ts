/** Texts in the reader's language, by gettext's way: the English text is the key. */

/**
 * What is used of JupyterLab's TranslationBundle. `%1` is the first of `args` and so on, `%%` a
 * percent sign; with `_n`, `%1` is `n` itself, and `args` begin at `%2`.
 */
export interface Bundle {
  __(msgid: string, ...args: unknown[]): string;
  _n(singular: string, plural: string, n: number, ...args: unknown[]): string;
}

type Value = string | number;

const filled = (text: string, args: readonly unknown[]): string =>
  text.replace(/%(?:%|(\d+))/g, (_all, place?: string) =>
    place === undefined ? '%' : String(args[Number(place) - 1]),
  );

export const ENGLISH: Bundle = {
  __: (msgid, ...args) => filled(msgid, args),
  _n: (singular, plural, n, ...args) => filled(n === 1 ? singular : plural, [n, ...args]),
};

let bundle = ENGLISH;

/** Takes the texts from another bundle from now on; what is shown already stays. */
export function setBundle(next: Bundle): void {
  bundle = next;
}

// JupyterLab's bundle takes "%% " in a value for an escaped "%": so no value goes through a bundle,
// but something that stands for it.
const STANDS = /\uE000(\d+)\uE000/g;
const stand = (_value: Value, index: number): string => `\uE000${index}\uE000`;
const put = (text: string, args: readonly Value[]): string =>
  text.replace(STANDS, (_all, index: string) => String(args[Number(index)]));

/** A text that is to be translated. `npm run messages` finds the literal. */
export const _ = (msgid: string, ...args: Value[]): string =>
  put(bundle.__(msgid, ...args.map(stand)), args);

/** A text of which the form depends on a number; both literals are found. */
export const _n = (singular: string, plural: string, n: number, ...args: Value[]): string =>
  put(bundle._n(singular, plural, n, ...args.map(stand)), args);
