import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { operation, plugin, step, version } from '../../ui/test/samples';
import { Files, isMadeOf, localPath, rootOf } from '../src/files';
import { Links } from '../src/links';
import { newsOf } from '../src/news';
import { DEFAULTS, Options } from '../src/options';
import { canRevert, summaryOf } from '../src/summary';
import { CommandIDs } from '../src/tokens';
import { becomes, DRIVES, FakeKernel } from './fakes';
import type { KernelLink } from '../src/link';

async function linked(kernel: FakeKernel, links = new Links()): Promise<KernelLink> {
  kernel.loaded = true;
  const link = links.of(kernel.connection());
  await becomes(link, 'open');
  return link;
}

const failure = { words: 'it broke', traceback: '', advice: '', where: null };
const last = (time: number, outcome: 'reloaded' | 'unchanged' | 'failed' = 'reloaded') => ({
  outcome,
  headline: `counter: ${outcome}`,
  time,
  elapsed: 0.1,
});

describe('the summary of a kernel', () => {
  it('is nothing where nothing is known', () => {
    expect(summaryOf(null).kind).toBe('nothing');
  });

  it.each([
    ['ready', plugin('a')],
    ['drift', plugin('a', { drift: 'edited' })],
    ['failed', plugin('a', { drift: 'edited', error: failure })],
    ['failed', plugin('a', { life: 'broken' })],
    ['nothing', plugin('a', { life: 'not loaded', drift: 'edited' })],
  ] as const)('is %s', async (kind, shown) => {
    const kernel = new FakeKernel();
    kernel.plugins = [shown];
    expect(summaryOf(await linked(kernel)).kind).toBe(kind);
  });

  it('tells the step that runs', async () => {
    const kernel = new FakeKernel();
    kernel.plugins = [plugin('a', { error: failure })];
    const steps = [
      step('save state', { status: 'finished' }),
      step('apply', { elapsed: null, status: 'started' }),
    ];
    const running = operation(1, { elapsed: null, outcome: '', plugins: ['a'], steps });
    const idle = kernel.state();
    kernel.state = () => ({ ...idle, operations: [running] });
    expect(summaryOf(await linked(kernel))).toMatchObject({ kind: 'running', phase: 'apply' });
  });

  it('is nothing again when the kernel is restarted', async () => {
    const kernel = new FakeKernel();
    kernel.plugins = [plugin('a')];
    const link = await linked(kernel);
    kernel.statusChanged.emit('restarting');
    expect(summaryOf(link).kind).toBe('nothing');
  });

  it('knows whether there is a version to go back to', () => {
    expect(canRevert(plugin('a', { versions: [version(1, true)] }))).toBe(false);
    expect(canRevert(plugin('a', { versions: [version(1), version(2, true)] }))).toBe(true);
  });
});

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

describe('news', () => {
  const of = (...plugins: ReturnType<typeof plugin>[]) => new Map(plugins.map((p) => [p.name, p]));

  it('are reloads that ended since', () => {
    const before = of(plugin('a', { last: last(1) }), plugin('b', { last: last(1) }));
    const after = of(plugin('a', { last: last(2) }), plugin('b', { last: last(1) }));
    expect(newsOf(before, after).map(({ plugin: p, failed }) => [p.name, failed])).toEqual([
      ['a', false],
    ]);
  });

  it('are failures, and not that nothing had changed', () => {
    const before = of(plugin('a'), plugin('b'));
    const after = of(
      plugin('a', { last: last(2, 'failed'), error: failure }),
      plugin('b', { last: last(2, 'unchanged') }),
    );
    expect(newsOf(before, after).map(({ plugin: p, failed }) => [p.name, failed])).toEqual([
      ['a', true],
    ]);
  });

  it('are of a plugin that was not there before, too', () => {
    expect(newsOf(of(), of(plugin('a', { last: last(1) })))).toHaveLength(1);
  });
});

describe('settings', () => {
  const schema = JSON.parse(readFileSync('schema/plugin.json', 'utf8')) as {
    properties: Record<string, { default: unknown; title: string; description: string }>;
    'jupyter.lab.menus': unknown;
    'jupyter.lab.shortcuts': unknown;
  };

  it('have the defaults that the schema tells, and titles and descriptions', () => {
    const defaults = Object.fromEntries(
      Object.entries(schema.properties).map(([name, each]) => [name, each.default]),
    );
    expect(defaults).toEqual(DEFAULTS);
    for (const each of Object.values(schema.properties)) {
      expect(each.title).not.toBe('');
      expect(each.description).toMatch(/\.$/);
    }
  });

  it('are applied at once; what is not understood is the default', () => {
    const options = new Options();
    const seen: unknown[] = [];
    options.optionsChanged.connect((_, values) => seen.push(values.position));
    options.set({ position: 'left', reloadOnSave: true, badge: 'perhaps', notifications: 7 });
    expect(options.values).toEqual({ ...DEFAULTS, position: 'left', reloadOnSave: true });
    options.set({});
    expect(options.values).toEqual(DEFAULTS);
    expect(seen).toEqual(['left', 'right']);
  });

  it('name commands that there are, and each of them is in the menu', () => {
    const ids = (value: unknown): string[] =>
      JSON.stringify(value).match(/themis-jupyter:[a-z-]+/g) ?? [];
    const known: string[] = Object.values(CommandIDs);
    expect([...new Set(ids(schema['jupyter.lab.menus']))].sort()).toEqual([...known].sort());
    for (const id of ids(schema['jupyter.lab.shortcuts'])) expect(known).toContain(id);
  });
});
