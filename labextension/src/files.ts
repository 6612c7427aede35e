/** Which file of the page is which of the kernel: plugins tell absolute paths, the page paths below the server's root. */
import type { Plugin } from 'themis-jupyter-ui';
import type { KernelLink } from './link';
import type { Links } from './links';
import { isLoaded, pluginsOf } from './summary';

/** What is used of Jupyter's contents: a path may begin with the name of a drive, as in `RTC:a/n.ipynb`. */
export interface Drives {
  driveName(path: string): string;
  localPath(path: string): string;
}

/** With slashes, and one spelling of a Windows drive's letter. */
const slashes = (path: string): string =>
  path.replace(/\\/g, '/').replace(/^[a-z]:/, (letter) => letter.toUpperCase());

/**
 * Returns the server's root, with a slash at its end, from a notebook whose path is known on both sides;
 * null where the one does not end in the other: the kernel is elsewhere, or the notebook was renamed.
 */
export function rootOf(absolute: string, local: string): string | null {
  const whole = slashes(absolute);
  const tail = `/${slashes(local).replace(/^\/+/, '')}`;
  return tail.length > 1 && whole.endsWith(tail) ? whole.slice(0, 1 - tail.length) : null;
}

/** Returns where the page finds a file; null where that is not below the root. */
export function localPath(file: string, root: string): string | null {
  const whole = slashes(file);
  return whole.startsWith(root) && whole.length > root.length ? whole.slice(root.length) : null;
}

/** Whether a plugin is made of a file: its own, or one of the package that it is. */
export function isMadeOf(plugin: Plugin, root: string, path: string): boolean {
  const own = localPath(plugin.file, root);
  if (own === null) return false;
  if (own === path) return true;
  const folder = /^(.*\/|)__init__\.py$/.exec(own)?.[1];
  return folder !== undefined && folder !== '' && path.startsWith(folder) && path.endsWith('.py');
}

/** A plugin in a kernel. */
export interface Place {
  readonly link: KernelLink;
  readonly plugin: Plugin;
}

export class Files {
  private readonly roots = new WeakMap<KernelLink, string>();
  private readonly drives = new WeakMap<KernelLink, string>();

  /** @param served the server's root where the page was told it, else ''. */
  constructor(
    private readonly links: Links,
    private readonly contents: Drives,
    private readonly served = '',
  ) {}

  /** Takes in where the notebook of a kernel is on both sides. */
  learn(link: KernelLink, path: string): void {
    this.drives.set(link, this.contents.driveName(path));
    const absolute = link.snapshot?.kernel?.notebook ?? '';
    const root = rootOf(absolute, this.contents.localPath(path));
    if (root !== null) this.roots.set(link, root);
  }

  /** Returns the path in the page of a kernel's file; null where it is out of the page's reach. */
  pathOf(link: KernelLink, file: string): string | null {
    const root = this.rootOf(link);
    const local = root === null ? null : localPath(file, root);
    const drive = this.drives.get(link) ?? '';
    return local === null || drive === '' ? local : `${drive}:${local}`;
  }

  /** Returns the plugins, loaded in any kernel, that are made of a file. */
  pluginsAt(path: string): readonly Place[] {
    return this.links.all.flatMap((link) => {
      const root = this.rootOf(link);
      if (root === null || (this.drives.get(link) ?? '') !== this.contents.driveName(path))
        return [];
      const local = this.contents.localPath(path);
      return pluginsOf(link)
        .filter((plugin) => isLoaded(plugin) && isMadeOf(plugin, root, local))
        .map((plugin) => ({ link, plugin }));
    });
  }

  private rootOf(link: KernelLink): string | null {
    const known = this.roots.get(link);
    if (known !== undefined) return known;
    // "~/work" says too little.
    const served = slashes(this.served).replace(/\/*$/, '/');
    return /^(\/|[A-Za-z]:\/)/.test(served) && this.served !== '' ? served : null;
  }
}
