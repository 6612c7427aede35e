/** Which kernel is looked at: that of the active notebook or console. */
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Document, Documents } from './documents';
import type { KernelLink } from './link';

/** What the side bar is about. */
export type Followed =
  /** No notebook or console is open. */
  | { readonly kind: 'nothing' }
  /** One is, but has no kernel. */
  | { readonly kind: 'no kernel'; readonly title: string }
  | {
      readonly kind: 'kernel';
      readonly title: string;
      /** How people call the kernel. */
      readonly kernel: string;
      readonly link: KernelLink;
    };

export class Following implements IDisposable {
  private now: Followed = { kind: 'nothing' };
  private document: Document | null = null;
  private readonly changed = new Signal<this, Followed>(this);
  private over = false;

  constructor(readonly documents: Documents) {
    documents.documentsChanged.connect(this.look, this);
  }

  get followed(): Followed {
    return this.now;
  }

  get followedChanged(): ISignal<this, Followed> {
    return this.changed;
  }

  /** The link that is looked at, if there is one. */
  get link(): KernelLink | null {
    return this.now.kind === 'kernel' ? this.now.link : null;
  }

  get isDisposed(): boolean {
    return this.over;
  }

  /** Follows another document; null where none is active any more. */
  follow(document: Document | null): void {
    if (this.over || document === this.document) return;
    this.document = document;
    if (document !== null) this.documents.add(document);
    this.look();
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    this.document = null;
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private look(): void {
    if (this.document !== null && !this.documents.all.includes(this.document)) this.document = null;
    const seen = this.seen();
    if (same(seen, this.now)) return;
    this.now = seen;
    this.changed.emit(seen);
  }

  private seen(): Followed {
    if (this.document === null) return { kind: 'nothing' };
    const title = this.document.title.label;
    const link = this.documents.linkOf(this.document);
    if (link === null) return { kind: 'no kernel', title };
    return { kind: 'kernel', title, kernel: this.document.sessionContext.kernelDisplayName, link };
  }
}

function same(a: Followed, b: Followed): boolean {
  if (a.kind === 'kernel' && b.kind === 'kernel')
    return a.link === b.link && a.title === b.title && a.kernel === b.kernel;
  if (a.kind === 'no kernel' && b.kind === 'no kernel') return a.title === b.title;
  return a.kind === b.kind;
}
