/** What the commands ask kernels for. */
import type { Answer, Body } from 'themis-jupyter-ui';
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
  private async ask(link: KernelLink, body: Body): Promise<Answer | null> {
    const { store } = link;
    if (store === null) return null;
    const answer = await store.request(body);
    if (answer.kind === 'success') return answer;
    this.notices.tell(answer.text, 'error');
    // Told in the corner of the page, it need not stand in the side bar as well.
    const names = body.kind === 'reload' ? body.plugins : [body.plugin ?? ''];
    for (const name of names.length > 0 ? names : ['']) store.dismiss(name);
    return answer;
  }
}
