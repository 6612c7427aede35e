import type { JupyterFrontEnd } from '@jupyterlab/application';
import { describe, expect, it, vi } from 'vitest';
import { plugin, version } from '../../ui/test/samples';
import { notifications } from '../src/plugins/notifications';
import { becomes, failure, FakeDocument, FakeKernel, last, serviceOf } from './fakes';

async function opened(...plugins: ReturnType<typeof plugin>[]) {
  const service = serviceOf();
  const execute = vi.fn(() => Promise.resolve());
  const activateById = vi.fn();
  const app = { commands: { execute }, shell: { activateById } } as unknown as JupyterFrontEnd;
  void notifications.activate(app, service);
  const kernel = new FakeKernel();
  kernel.loaded = true;
  kernel.plugins = plugins;
  service.following.follow(new FakeDocument(kernel).document());
  const { link } = service.following;
  if (link === null) throw new Error('no link');
  await becomes(link, 'open');
  return { ...service, kernel, execute, activateById };
}

const failed = (name: string, more = {}) =>
  plugin(name, { last: last(2, 'failed'), error: failure, ...more });

describe('notifications', () => {
  it('are of what failed since the page looks, not of what had failed before', async () => {
    const { told, kernel } = await opened(failed('a'), plugin('b', { last: last(1) }));
    expect(told).toEqual([]);
    kernel.show(failed('a'), failed('b'));
    expect(told.map(({ weight, actions }) => [weight, actions.map(({ label }) => label)])).toEqual([
      ['error', ['Show Error', 'Open File']],
    ]);
  });

  it('offer the version before where the plugin is broken', async () => {
    const { told, kernel, execute } = await opened(plugin('a'));
    const versions = [version(1), version(2, true)];
    kernel.show(failed('a', { life: 'broken', versions }));
    const revert = told[0]?.actions.find(({ label }) => label === 'Revert');
    revert?.run();
    const args = { plugin: 'a', kernel: kernel.id };
    expect(execute).toHaveBeenCalledWith('themis-jupyter:revert', args);
  });

  it('show the notebook of the kernel before its error', async () => {
    const { told, kernel, following, execute, activateById } = await opened(plugin('a'));
    following.follow(new FakeDocument(new FakeKernel('kernel-2')).document());
    kernel.show(failed('a'));
    told[0]?.actions[0]?.run();
    expect(activateById).toHaveBeenCalledWith('n');
    expect(execute).toHaveBeenCalledWith('themis-jupyter:show-errors', {
      plugin: 'a',
      kernel: kernel.id,
    });
  });

  it('are not of successes, unless that is wanted, and of nothing where none are', async () => {
    const { told, kernel, options } = await opened(plugin('a'));
    kernel.show(plugin('a', { last: last(2) }));
    expect(told).toEqual([]);
    options.set({ notifications: 'all' });
    kernel.show(plugin('a', { last: last(3) }));
    expect(told.map(({ weight }) => weight)).toEqual(['success']);
    options.set({ notifications: 'none' });
    kernel.show(failed('a', { last: last(4, 'failed') }));
    expect(told).toHaveLength(1);
  });

  it('do not come again after a restart', async () => {
    const { told, kernel, links } = await opened(plugin('a'));
    kernel.statusChanged.emit('restarting');
    kernel.plugins = [failed('a')];
    kernel.statusChanged.emit('idle');
    const [link] = links.all;
    if (link === undefined) throw new Error('no link');
    await becomes(link, 'open');
    expect(told).toEqual([]);
  });
});
