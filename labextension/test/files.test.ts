import { describe, expect, it } from 'vitest';
import { plugin } from '../../ui/test/samples';
import { Files, isMadeOf, localPath, rootOf } from '../src/files';
import { Links } from '../src/links';
import { DRIVES, FakeKernel, linked } from './fakes';

describe('files', () => {
  it.each([
    ['/home/me/work/a/n.ipynb', 'a/n.ipynb', '/home/me/work/'],
    ['/home/me/work/n.ipynb', 'n.ipynb', '/home/me/work/'],
    ['C:\\work\\a\\n.ipynb', 'a/n.ipynb', 'C:/work/'],
    ['c:\\work\\n.ipynb', 'n.ipynb', 'C:/work/'],
    ['/n.ipynb', 'n.ipynb', '/'],
    ['/home/me/other.ipynb', 'n.ipynb', null],
    // Not at a border of names.
    ['/home/me/xn.ipynb', 'n.ipynb', null],
    ['', 'n.ipynb', null],
    ['/home/me/n.ipynb', '', null],
  ])('have their root: %s and %s', (absolute, local, root) => {
    expect(rootOf(absolute, local)).toBe(root);
  });

  it('are out of reach where they are not below the root', () => {
    expect(localPath('/work/a/x.py', '/work/')).toBe('a/x.py');
    expect(localPath('C:\\work\\x.py', 'C:/work/')).toBe('x.py');
    expect(localPath('/elsewhere/x.py', '/work/')).toBeNull();
    expect(localPath('/workshop/x.py', '/work/')).toBeNull();
  });

  it('belong to the package that they are part of', () => {
    const pack = plugin('p', { file: '/w/pack/__init__.py' });
    expect(isMadeOf(pack, '/w/', 'pack/__init__.py')).toBe(true);
    expect(isMadeOf(pack, '/w/', 'pack/sub/x.py')).toBe(true);
    expect(isMadeOf(pack, '/w/', 'pack/data.csv')).toBe(false);
    expect(isMadeOf(pack, '/w/', 'packed/x.py')).toBe(false);
    const single = plugin('s', { file: '/w/x.py' });
    expect(isMadeOf(single, '/w/', 'x.py')).toBe(true);
    expect(isMadeOf(single, '/w/', 'y.py')).toBe(false);
  });

  it('are found in each kernel that runs them, once a notebook has told where', async () => {
    const links = new Links();
    const files = new Files(links, DRIVES);
    for (const id of ['k1', 'k2']) {
      const kernel = new FakeKernel(id);
      kernel.notebook = '/w/a/n.ipynb';
      kernel.plugins = [plugin('x', { file: '/w/a/x.py' }), plugin('y', { file: '/w/a/y.py' })];
      const link = await linked(kernel, links);
      expect(files.pathOf(link, '/w/a/x.py')).toBeNull();
      files.learn(link, 'a/n.ipynb');
      expect(files.pathOf(link, '/w/a/x.py')).toBe('a/x.py');
    }
    expect(
      files.pluginsAt('a/x.py').map(({ link, plugin: { name } }) => [link.kernel.id, name]),
    ).toEqual([
      ['k1', 'x'],
      ['k2', 'x'],
    ]);
    expect(files.pluginsAt('a/z.py')).toEqual([]);
  });

  it('are told apart by their drives', async () => {
    const links = new Links();
    const files = new Files(links, DRIVES);
    const kernel = new FakeKernel();
    kernel.notebook = '/w/a/n.ipynb';
    kernel.plugins = [plugin('x', { file: '/w/a/x.py' })];
    const link = await linked(kernel, links);
    files.learn(link, 'RTC:a/n.ipynb');
    expect(files.pathOf(link, '/w/a/x.py')).toBe('RTC:a/x.py');
    expect(files.pluginsAt('RTC:a/x.py')).toHaveLength(1);
    expect(files.pluginsAt('a/x.py')).toEqual([]);
  });

  it('are found by what the server tells of its root, where that is a whole path', async () => {
    const links = new Links();
    const kernel = new FakeKernel();
    const link = await linked(kernel, links);
    expect(new Files(links, DRIVES, '/w').pathOf(link, '/w/x.py')).toBe('x.py');
    expect(new Files(links, DRIVES, '~/w').pathOf(link, '/home/me/w/x.py')).toBeNull();
    expect(new Files(links, DRIVES).pathOf(link, '/x.py')).toBeNull();
  });
});
