/** What the commands ask kernels for. */
import type { Body, Snapshot } from 'themis-jupyter-ui';
import type { KernelLink } from './link';
import type { Notices } from './notices';
import { isLoaded, pluginsOf } from './summary';

export class Requests {
  constructor(private readonly notices: Notices) {}

  /** Reloads plugins of a kernel; all that are loaded where none is named. */
  async reload(link: KernelLink, plugins: readonly string[] = []): Promise<void> {
    await this.ask(link, { kind: 'reload', plugins: [...plugins] });
  }

  /** Reloads all plugins of several kernels, side by side. */
  async reloadAll(links: readonly KernelLink[]): Promise<void> {
    const busy = links.filter((link) => pluginsOf(link).some(isLoaded));
    await Promise.all(busy.map((link) => this.reload(link)));
  }

  /** Brings an earlier version back; the one before where none is named. */
  async revert(link: KernelLink, plugin: string): Promise<void> {
    await this.ask(link, { kind: 'revert', plugin });
  }

  async load(link: KernelLink, plugin: string): Promise<void> {
    await this.ask(link, { kind: 'load', plugin });
  }

  /** Watches all plugins of a kernel, or none. */
  async watch(link: KernelLink, on: boolean): Promise<void> {
    await this.ask(link, { kind: 'watch', on });
  }

  /** Asks for something, and tells where it was not done. */
  private async ask(link: KernelLink, body: Body): Promise<void> {
    const { store } = link;
    const names = namesOf(body);
    // A double click asks once.
    if (store === null || isAsked(store.snapshot, body, names)) return;
    const answer = await store.request(body);
    if (answer.kind === 'success') return;
    // Told in the corner of the page, it need not stand in the side bar as well.
    for (const name of names) store.dismiss(name);
    if (!(await isKnown(link, answer.text))) this.notices.tell(answer.text, 'error');
  }
}

/** Stands for all plugins, as in the store. */
const ALL = '';

function namesOf(body: Body): readonly string[] {
  if (body.kind === 'reload') return body.plugins.length > 0 ? body.plugins : [ALL];
  return [body.plugin ?? ALL];
}

/** Whether just that is being asked. Where something else is, the store refuses, and says so. */
const isAsked = ({ pending }: Snapshot, body: Body, names: readonly string[]): boolean =>
  names.every((name) => pending.get(name)?.kind === body.kind);

/** Milliseconds by which the news of a reload may come after its reply. */
const LATER = 1_000;

/** Whether the kernel tells the same as how a reload ended: that is told with what can be done about it. */
function isKnown(link: KernelLink, text: string): Promise<boolean> {
  const look = (): boolean =>
    [...(link.snapshot?.plugins.values() ?? [])].some(({ last }) => last?.headline === text);
  return new Promise((resolve) => {
    const end = (found: boolean): void => {
      clearTimeout(timer);
      link.stateChanged.disconnect(again);
      resolve(found);
    };
    const again = (): void => {
      if (look()) end(true);
    };
    const timer = setTimeout(() => {
      end(false);
    }, LATER);
    link.stateChanged.connect(again);
    again();
  });
}
