import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { plugin } from '../../ui/test/samples';
import { FileItem } from '../src/fileitem';
import { PluginsPanel } from '../src/panel';
import { ReloadButton } from '../src/reloadbutton';
import { StatusItem } from '../src/statusitem';
import { becomes, collected, failure, FakeDocument, FakeKernel, serviceOf, settled } from './fakes';

const shown: Widget[] = [];

function show<T extends Widget>(widget: T): T {
  Widget.attach(widget, document.body);
  shown.push(widget);
  return widget;
}

afterEach(() => {
  for (const each of shown.splice(0)) each.dispose();
});

/** A notebook whose kernel has the extension, and is looked at. */
async function opened(...plugins: ReturnType<typeof plugin>[]) {
  const service = serviceOf();
  const kernel = new FakeKernel();
  kernel.loaded = true;
  kernel.notebook = '/w/n.ipynb';
  kernel.plugins = plugins;
  const fake = new FakeDocument(kernel);
  service.following.follow(fake.document());
  const { link } = service.following;
  if (link === null) throw new Error('no link');
  await becomes(link, 'open');
  service.files.learn(link, 'n.ipynb');
  return { service, kernel, link, document: fake.document(), fake };
}

const asked = (kernel: FakeKernel) =>
  (kernel.comms.at(-1)?.sent ?? []).filter(({ kind }) => kind !== 'hello');

function fileAt(path: string) {
  const model = { dirty: false, stateChanged: new Signal<object, unknown>({}) };
  const context = { path, model, pathChanged: new Signal<object, unknown>({}) };
  return { model, file: { context } as unknown as IDocumentWidget };
}

describe('the reload button', () => {
  it('has a badge for what differs and for what failed, unless that is not wanted', async () => {
    const { service, kernel, document: notebook } = await opened(plugin('a'), plugin('b'));
    const button = show(new ReloadButton(service, notebook, vi.fn()));
    await vi.waitFor(() => {
      expect(button.node.querySelector('svg')).not.toBeNull();
    });
    expect(badgeOn(button)).toBe('');
    kernel.show(plugin('a', { drift: 'edited' }), plugin('b', { drift: 'edited' }));
    await vi.waitFor(() => {
      expect(badgeOn(button)).toBe('≠ 2');
    });
    kernel.show(plugin('a', { drift: 'edited' }), plugin('b', { error: failure }));
    await vi.waitFor(() => {
      expect(badgeOn(button)).toBe('✕ 1');
    });
    service.options.set({ badge: false });
    await vi.waitFor(() => {
      expect(badgeOn(button)).toBe('');
    });
  });

  it('reloads the plugins of its own notebook, whichever is looked at', async () => {
    const { service, kernel, document: notebook } = await opened(plugin('a'));
    const other = new FakeDocument(new FakeKernel('kernel-2'));
    service.following.follow(other.document());
    const open = vi.fn();
    const button = show(new ReloadButton(service, notebook, open));
    await vi.waitFor(() => {
      expect(button.node.querySelector('svg')).not.toBeNull();
    });
    press(button.node);
    await vi.waitFor(() => {
      expect(asked(kernel)).toMatchObject([{ kind: 'reload', plugins: [] }]);
    });
    expect(open).not.toHaveBeenCalled();
  });

  it('opens the side bar where there is nothing to reload', async () => {
    const { service, kernel, document: notebook } = await opened();
    const open = vi.fn();
    const button = show(new ReloadButton(service, notebook, open));
    await vi.waitFor(() => {
      expect(button.node.querySelector('svg')).not.toBeNull();
    });
    press(button.node);
    expect(open).toHaveBeenCalledOnce();
    expect(asked(kernel)).toEqual([]);
  });
});

const badgeOn = ({ node }: Widget): string =>
  node.querySelector<HTMLElement>('[data-badge]')?.dataset.badge ?? '';

function press(node: HTMLElement): void {
  const button = node.querySelector<HTMLElement>('jp-button, button');
  if (button === null) throw new Error('no button');
  button.click();
}

describe('what is closed', () => {
  it('leaves no listener behind: 50 buttons and source files', async () => {
    const { service, document: notebook } = await opened(plugin('a', { file: '/w/a.py' }));
    const gone: WeakRef<Widget>[] = [];
    const openAndClose = async (): Promise<void> => {
      const button = new ReloadButton(service, notebook, vi.fn());
      const item = new FileItem(service, fileAt('a.py').file);
      for (const each of [button, item]) {
        Widget.attach(each, document.body);
        gone.push(new WeakRef(each));
      }
      await button.renderPromise;
      button.dispose();
      item.dispose();
    };
    for (let n = 0; n < 50; n += 1) await openAndClose();
    // The service, which they listened to, lives on.
    expect(service.links.all).toHaveLength(1);
    await collected();
    // React keeps what it rendered last for the next time.
    expect(gone.filter((each) => each.deref() !== undefined).length).toBeLessThanOrEqual(2);
  });
});

describe('the line of the status bar', () => {
  it('says in words what goes on, and opens the side bar', async () => {
    const { service, kernel } = await opened(plugin('a'));
    const open = vi.fn();
    const item = show(new StatusItem(service, open));
    expect(item.node.textContent).toBe('1 plugin runs as saved');
    kernel.show(plugin('a', { drift: 'edited' }));
    expect(item.node.textContent).toBe('1 plugin differs from its file');
    kernel.show(plugin('a', { life: 'broken' }), plugin('b', { error: failure }));
    expect(item.node.textContent).toBe('2 plugins failed');
    press(item.node);
    expect(open).toHaveBeenCalledOnce();
  });

  it('is away where no kernel answers, and where it is not wanted', async () => {
    const { service, fake } = await opened(plugin('a'));
    const item = show(new StatusItem(service, vi.fn()));
    const seen: boolean[] = [];
    item.activeChanged.connect(() => seen.push(item.isActive));
    service.options.set({ statusBar: false });
    service.options.set({});
    fake.change(null);
    expect(seen).toEqual([false, true, false]);
  });
});

describe('the toolbar of a source file', () => {
  it('says how the file stands to what runs', async () => {
    const { service, kernel } = await opened(plugin('a', { file: '/w/a.py' }));
    const { model, file } = fileAt('a.py');
    const item = show(new FileItem(service, file));
    const said = () => item.node.querySelector('[role=status]')?.textContent;
    expect(said()).toBe('✓ runs as saved');
    model.dirty = true;
    model.stateChanged.emit('dirty');
    expect(said()).toBe('✎ not saved');
    model.dirty = false;
    kernel.show(plugin('a', { file: '/w/a.py', drift: 'edited' }));
    expect(said()).toBe('≠ saved, not running yet');
    kernel.show(plugin('a', { file: '/w/a.py', drift: 'edited', error: failure }));
    expect(said()).toBe('✕ not running: its reload failed');
    press(item.node);
    await vi.waitFor(() => {
      expect(asked(kernel)).toMatchObject([{ kind: 'reload', plugins: ['a'] }]);
    });
  });

  it('is away where the file is of no plugin, and where it is not wanted', async () => {
    const { service } = await opened(plugin('a', { file: '/w/a.py' }));
    expect(show(new FileItem(service, fileAt('b.py').file)).isHidden).toBe(true);
    const item = show(new FileItem(service, fileAt('a.py').file));
    expect(item.isHidden).toBe(false);
    service.options.set({ editor: false });
    expect(item.isHidden).toBe(true);
  });
});

describe('the side bar', () => {
  it('says which kernel it shows, and shows its plugins', async () => {
    const { service } = await opened(plugin('counter'));
    const panel = show(new PluginsPanel(service.following));
    expect(panel.node.querySelector('h2')?.textContent).toBe('n.ipynb · Python 3');
    expect(panel.node.querySelector('article')?.getAttribute('aria-label')).toBe('Plugin: counter');
  });

  it('says what to do where there is no notebook, and where there is no kernel', () => {
    const service = serviceOf();
    const panel = show(new PluginsPanel(service.following));
    expect(panel.node.textContent).toContain('Open a notebook or a console');
    service.following.follow(new FakeDocument(null).document());
    expect(panel.node.textContent).toContain('It has no kernel');
  });

  /** The side bar of a kernel without the extension, after its button was pressed. */
  async function pressed(kernel: FakeKernel): Promise<HTMLElement> {
    const service = serviceOf();
    service.following.follow(new FakeDocument(kernel).document());
    const { node } = show(new PluginsPanel(service.following));
    await vi.waitFor(() => {
      expect(node.textContent).toContain('is not loaded');
    });
    press(node);
    return node;
  }

  it('loads the extension by a button', async () => {
    const node = await pressed(new FakeKernel());
    await vi.waitFor(() => {
      expect(node.querySelector('.themis-panel')).not.toBeNull();
    });
  });

  it('says how to install the package where the kernel has none', async () => {
    const kernel = new FakeKernel();
    kernel.installed = false;
    const node = await pressed(kernel);
    await vi.waitFor(() => {
      expect(node.querySelector('pre')?.textContent).toBe('%pip install themis-jupyter');
    });
  });

  it('opens the card that is asked for', async () => {
    const { service } = await opened(plugin('a'), plugin('b'));
    Element.prototype.scrollIntoView = vi.fn();
    const panel = show(new PluginsPanel(service.following));
    panel.reveal('b');
    await vi.waitFor(() => {
      expect(panel.node.querySelector('article[aria-label="Plugin: b"] [aria-expanded=true]')).toBe(
        document.activeElement,
      );
    });
    expect(
      panel.node.querySelector('article[aria-label="Plugin: a"] [aria-expanded=true]'),
    ).toBeNull();
  });

  it('says that the server is away, and keeps what is known', async () => {
    const { service, kernel } = await opened(plugin('a'));
    const panel = show(new PluginsPanel(service.following));
    kernel.connect('connecting');
    expect(panel.node.textContent).toContain('The server cannot be reached');
    expect(panel.node.querySelector('article')).not.toBeNull();
    kernel.connect('connected');
    await settled();
    expect(panel.node.textContent).not.toContain('The server cannot be reached');
  });

  it('shows nothing of a kernel that is not looked at any more', async () => {
    const { service } = await opened(plugin('a'));
    const panel = show(new PluginsPanel(service.following));
    service.following.follow(null);
    expect(panel.node.querySelector('article')).toBeNull();
    expect(panel.node.querySelector('h2')?.textContent).toBe('Plugins');
  });
});
