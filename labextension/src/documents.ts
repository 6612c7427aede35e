/** The notebooks and consoles that are open, and the links to their kernels. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { KernelLink } from './link';
import type { Links } from './links';

/** A notebook or a console, as far as it matters here. */
export interface Document {
  readonly sessionContext: ISessionContext;
  readonly id: string;
  readonly title: { readonly label: string; readonly changed: ISignal<unknown, unknown> };
  /** Its view was closed; the session may go on, in another one. */
  readonly disposed: ISignal<unknown, void>;
}

export class Documents implements IDisposable {
  private readonly open = new Set<Document>();
  private readonly closers = new Map<Document, () => void>();
  private readonly changed = new Signal<this, void>(this);
  private over = false;

  constructor(readonly links: Links) {
    links.linkChanged.connect(this.onLink, this);
  }

  get all(): readonly Document[] {
    return [...this.open];
  }

  get isDisposed(): boolean {
    return this.over;
  }

  /** Tells that a document came or went, or has another kernel or name. */
  get documentsChanged(): ISignal<this, void> {
    return this.changed;
  }

  /** Looks after a document until it is closed. Two views of a notebook are two documents. */
  add(document: Document): void {
    if (this.over || this.open.has(document)) return;
    const { sessionContext: context } = document;
    const look = (): void => {
      this.linkOf(document);
      this.changed.emit();
    };
    const close = (): void => {
      this.remove(document);
    };
    context.kernelChanged.connect(look);
    context.propertyChanged.connect(look);
    document.title.changed.connect(look);
    context.disposed.connect(close);
    document.disposed.connect(close);
    this.open.add(document);
    this.closers.set(document, () => {
      context.kernelChanged.disconnect(look);
      context.propertyChanged.disconnect(look);
      document.title.changed.disconnect(look);
      context.disposed.disconnect(close);
      document.disposed.disconnect(close);
    });
    look();
  }

  /** Forgets a document. */
  remove(document: Document): void {
    this.closers.get(document)?.();
    this.closers.delete(document);
    if (!this.open.delete(document)) return;
    this.release(document);
    this.changed.emit();
  }

  /** Returns the link to the kernel of a document; null where it has none. */
  linkOf(document: Document): KernelLink | null {
    const kernel = document.sessionContext.session?.kernel ?? null;
    return kernel === null || kernel.isDisposed ? null : this.links.of(kernel);
  }

  /** Returns a document that a kernel belongs to. */
  documentOf(link: KernelLink): Document | null {
    const { id } = link.kernel;
    return this.all.find((each) => each.sessionContext.session?.kernel?.id === id) ?? null;
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    for (const document of this.all) this.remove(document);
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** Ends the link of a connection that goes with its last document, as long as the kernel can be told. */
  private release(document: Document): void {
    const kernelOf = (each: Document): unknown => each.sessionContext.session?.kernel ?? null;
    const kernel = kernelOf(document);
    if (this.all.some((each) => kernelOf(each) === kernel)) return;
    this.links.all.find((link) => link.kernel === kernel)?.dispose();
  }

  private onLink(_: unknown, link: KernelLink): void {
    // Another connection of the page may go on with a kernel whose link ended.
    if (!link.isDisposed) return;
    for (const document of this.all) this.linkOf(document);
    this.changed.emit();
  }
}
