/** What is told in a corner of the page, and what can be done about it. */
import { Notification } from '@jupyterlab/apputils';

export interface Action {
  readonly label: string;
  readonly run: () => void;
}

export type Weight = 'success' | 'info' | 'warning' | 'error';

/** Milliseconds that good news stay, and for which the same sentence is not told again. */
const MOMENT = 5_000;

/** Names files without their folders: a notice has room for 140 characters. */
export const shortened = (text: string): string =>
  text.replace(/(^|[\s'"(])(?:\/|[A-Za-z]:[\\/])(?:[^\s\\/]+[\\/])*([^\s\\/]+)/g, '$1$2');

export class Notices {
  /** By sentence, when it was told. */
  private readonly told = new Map<string, number>();

  tell(text: string, weight: Weight, actions: readonly Action[] = []): void {
    const now = Date.now();
    for (const [each, time] of this.told) if (now - time > MOMENT) this.told.delete(each);
    if (this.told.has(text)) return;
    this.told.set(text, now);
    const stays = weight === 'error' || weight === 'warning' || actions.length > 0;
    Notification.emit(shortened(text), weight, {
      autoClose: stays ? false : MOMENT,
      actions: actions.map(({ label, run }) => ({ label, callback: run })),
    });
  }
}
