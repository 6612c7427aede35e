/** What is told in a corner of the page, and what can be done about it. */
import { Notification } from '@jupyterlab/apputils';

export interface Action {
  readonly label: string;
  readonly run: () => void;
}

export type Weight = 'success' | 'info' | 'warning' | 'error';

/** Milliseconds for which the same sentence, said again, is the same notice. */
const TOGETHER = 5_000;

export class Notices {
  /** By sentence, the notice that shows it, and when it was shown. */
  private readonly shown = new Map<string, { id: string; time: number }>();

  /**
   * Tells something once: a reply and the kernel's own news say the same of a failure. Where the second
   * knows more to do, its actions are those of the notice.
   */
  tell(text: string, weight: Weight, actions: readonly Action[] = []): void {
    const now = Date.now();
    for (const [each, { time }] of this.shown) if (now - time > TOGETHER) this.shown.delete(each);
    const buttons = actions.map(({ label, run }) => ({ label, callback: run }));
    const before = this.shown.get(text);
    if (before !== undefined) {
      if (buttons.length > 0)
        Notification.update({ id: before.id, message: text, type: weight, actions: buttons });
      return;
    }
    const stays = weight === 'error' || weight === 'warning';
    const id = Notification.emit(text, weight, {
      autoClose: stays ? false : TOGETHER,
      actions: buttons,
    });
    this.shown.set(text, { id, time: now });
  }
}
