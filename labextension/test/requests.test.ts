import { describe, expect, it, vi } from 'vitest';
import { plugin } from '../../ui/test/samples';
import { shortened } from '../src/notices';
import { becomes, FakeDocument, FakeKernel, serviceOf } from './fakes';

async function opened(replies: Record<string, unknown> = {}) {
  const service = serviceOf();
  const kernel = new FakeKernel();
  kernel.loaded = true;
  kernel.plugins = [plugin('a')];
  service.following.follow(new FakeDocument(kernel).document());
  const { link } = service.following;
  if (link === null) throw new Error('no link');
  await becomes(link, 'open');
  kernel.replies = replies;
  return { ...service, kernel, link };
}

const no = (text: string) => ({ ok: false, text });

describe('a request', () => {
  it('is sent once for a double click', async () => {
    const { requests, kernel, link, told } = await opened();
    await Promise.all([requests.reload(link), requests.reload(link)]);
    expect(kernel.open[0]?.sent.filter(({ kind }) => kind === 'reload')).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('that is refused is told, and not said in the side bar as well', async () => {
    const { requests, link, told } = await opened(no('There is no earlier version.'));
    await requests.revert(link, 'a');
    expect(told).toMatchObject([{ text: 'There is no earlier version.', weight: 'error' }]);
    expect(link.snapshot?.answers.size).toBe(0);
  });

  it('beside another one is told to wait', async () => {
    const { requests, link, told } = await opened();
    await Promise.all([requests.watch(link, true), requests.reload(link)]);
    expect(told).toMatchObject([{ text: expect.stringContaining('asked for already') as string }]);
  });

  it('of which the kernel tells how it ended is not told twice, also where that comes later', async () => {
    const { requests, kernel, link, told } = await opened(no('a was not reloaded'));
    const done = requests.reload(link);
    await vi.waitFor(() => {
      expect(link.snapshot?.pending.size).toBe(0);
    });
    const last = {
      outcome: 'aborted',
      headline: 'a was not reloaded',
      time: 2,
      elapsed: 1,
    } as const;
    kernel.show(plugin('a', { last }));
    await done;
    expect(told).toEqual([]);
  });

  it('to reload all is for the kernels that have plugins', async () => {
    const { requests, kernel, link, links, documents } = await opened();
    const empty = new FakeKernel('kernel-2');
    empty.loaded = true;
    documents.add(new FakeDocument(empty).document());
    const other = links.of(empty.connection());
    await becomes(other, 'open');
    await requests.reloadAll(links.all);
    expect(links.all).toEqual([link, other]);
    expect(kernel.open[0]?.sent.map(({ kind }) => kind)).toEqual(['hello', 'reload']);
    expect(empty.open[0]?.sent.map(({ kind }) => kind)).toEqual(['hello']);
  });
});

describe('a notice', () => {
  it.each([
    ['SourceError: /home/me/work/counter.py is not valid', 'SourceError: counter.py is not valid'],
    ['see C:\\work\\counter.py, line 3', 'see counter.py, line 3'],
    ["file '/w/x.py'", "file 'x.py'"],
    ['1/2 of a/b.py', '1/2 of a/b.py'],
  ])('names files without their folders: %s', (text, wanted) => {
    expect(shortened(text)).toBe(wanted);
  });
});
