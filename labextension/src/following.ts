/** Which kernel is looked at: that of the active notebook or console. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import { KernelLink, type LinkSettings } from './link';

/** What the side bar is about. */
export type Followed =
  /** No notebook or console is open. */
  | { readonly kind: 'nothing' }
  /** One is, but has no kernel. */
  | { readonly kind: 'no kernel'; readonly title: string }
  | { readonly kind: 'kernel'; readonly title: string; readonly link: KernelLink };

/** A notebook or a console, as far as it matters here. */
export interface Document {
  readonly sessionContext: ISessionContext;
  readonly title: { readonly label: string };
}

/** One link per kernel, however many notebooks show it. */
export class Links implements IDisposable {
  private readonly links = new Map<string, KernelLink>();

  constructor(private readonly settings: LinkSettings = {}) {}

  get size(): number {
    return this.links.size;
  }

  get isDisposed(): boolean {
    return this.over;
  }

  private over = false;

  /** Returns the link to a kernel, made if need be. */
  of(kernel: Kernel.IKernelConnection): KernelLink {
    const known = this.links.get(kernel.id);
    // A page may have several connections to a kernel; one that was disposed of serves nobody.
    if (known !== undefined && !known.isDisposed && !known.kernel.isDisposed) return known;
    const made = new KernelLink(kernel, this.settings);
    this.links.set(kernel.id, made);
    kernel.disposed.connect(() => {
      if (this.links.get(kernel.id) === made) this.links.delete(kernel.id);
    }, this);
    return made;
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    for (const link of this.links.values()) link.dispose();
    this.links.clear();
    Signal.disconnectReceiver(this);
  }
}

/** Follows one document at a time. */
export class Following implements IDisposable {
  private now: Followed = { kind: 'nothing' };
  private document: Document | null = null;
  private readonly changed = new Signal<this, Followed>(this);
  private over = false;

  constructor(private readonly links: Links) {}

  get followed(): Followed {
    return this.now;
  }

  get followedChanged(): ISignal<this, Followed> {
    return this.changed;
  }

  get isDisposed(): boolean {
    return this.over;
  }

  /** Follows another document; null where none is active any more. */
  follow(document: Document | null): void {
    if (this.over || document === this.document) return;
    this.leave();
    this.document = document;
    if (document !== null) {
      document.sessionContext.kernelChanged.connect(this.look, this);
      document.sessionContext.disposed.connect(this.onDisposed, this);
    }
    this.look();
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    this.leave();
    Signal.clearData(this);
  }

  private onDisposed(): void {
    this.follow(null);
  }

  private leave(): void {
    const context = this.document?.sessionContext;
    context?.kernelChanged.disconnect(this.look, this);
    context?.disposed.disconnect(this.onDisposed, this);
    this.document = null;
  }

  private look(): void {
    this.now = this.seen();
    this.changed.emit(this.now);
  }

  private seen(): Followed {
    if (this.document === null) return { kind: 'nothing' };
    const title = this.document.title.label;
    const kernel = this.document.sessionContext.session?.kernel ?? null;
    if (kernel === null) return { kind: 'no kernel', title };
    return { kind: 'kernel', title, link: this.links.of(kernel) };
  }
}
