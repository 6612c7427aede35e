/** One link per kernel, however many notebooks show it. */
import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import { KernelLink, type LinkSettings } from './link';

export class Links implements IDisposable {
  private readonly links = new Map<string, KernelLink>();
  private readonly changed = new Signal<this, KernelLink>(this);
  private over = false;

  constructor(private readonly settings: LinkSettings = {}) {}

  get all(): readonly KernelLink[] {
    return [...this.links.values()];
  }

  get isDisposed(): boolean {
    return this.over;
  }

  /** Tells of each change of a link, also of its end. */
  get linkChanged(): ISignal<this, KernelLink> {
    return this.changed;
  }

  /** Returns the link to a kernel, made at once if need be: a double click opens one comm. */
  of(kernel: Kernel.IKernelConnection): KernelLink {
    const known = this.links.get(kernel.id);
    // A page may have several connections to a kernel, of which one has the comms.
    const better = kernel.handleComms && known?.kernel.handleComms === false;
    if (known !== undefined && !known.isDisposed && !known.kernel.isDisposed && !better)
      return known;
    const made = new KernelLink(kernel, this.settings);
    this.links.set(kernel.id, made);
    made.stateChanged.connect(this.onChange, this);
    // Whoever hears of the end of that one finds this one.
    known?.dispose();
    return made;
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    for (const link of this.all) link.dispose();
    this.links.clear();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private onChange(link: KernelLink): void {
    if (link.isDisposed && this.links.get(link.kernel.id) === link)
      this.links.delete(link.kernel.id);
    this.changed.emit(link);
  }
}
