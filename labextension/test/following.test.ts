import { describe, expect, it } from 'vitest';
import { Documents } from '../src/documents';
import { Following } from '../src/following';
import type { KernelLink } from '../src/link';
import { Links } from '../src/links';
import { becomes, collected, FakeDocument, FakeKernel } from './fakes';

function service() {
  const links = new Links();
  const documents = new Documents(links);
  return { links, documents, following: new Following(documents) };
}

describe('links', () => {
  it('are one per kernel, also for two notebooks on it', () => {
    const { links, documents } = service();
    const kernel = new FakeKernel();
    documents.add(new FakeDocument(kernel).document());
    documents.add(new FakeDocument(kernel).document());
    documents.add(new FakeDocument(new FakeKernel('kernel-2')).document());
    expect(links.all).toHaveLength(2);
    expect(kernel.comms.length).toBeLessThanOrEqual(1);
  });

  it('take the connection that has the comms', async () => {
    const { links, documents } = service();
    const deaf = new FakeKernel();
    deaf.handleComms = false;
    const hearing = new FakeKernel();
    hearing.loaded = true;
    documents.add(new FakeDocument(deaf).document());
    documents.add(new FakeDocument(hearing).document());
    expect(links.all).toHaveLength(1);
    const [link] = links.all;
    if (link === undefined) throw new Error('no link');
    expect(deaf.comms).toEqual([]);
    await becomes(link, 'open');
    expect(link.kernel).toBe(hearing.connection());
  });

  it('go on by another connection when the one that had them is closed', () => {
    const { links, documents } = service();
    const first = new FakeKernel();
    const second = new FakeKernel();
    documents.add(new FakeDocument(first).document());
    documents.add(new FakeDocument(second).document());
    first.end();
    expect(links.all.map((link) => link.kernel)).toEqual([second.connection()]);
  });
});

describe('what is looked at', () => {
  it('is said where there is no kernel', () => {
    const { following } = service();
    expect(following.followed.kind).toBe('nothing');
    following.follow(new FakeDocument(null).document());
    expect(following.followed.kind).toBe('no kernel');
  });

  it('is the kernel that the document has now', () => {
    const { following } = service();
    const document = new FakeDocument(new FakeKernel());
    following.follow(document.document());
    const other = new FakeKernel('kernel-2');
    document.change(other);
    expect(following.link?.kernel.id).toBe('kernel-2');
    document.change(null);
    expect(following.followed.kind).toBe('no kernel');
  });

  it('is told by the name of the document, also after it was renamed', () => {
    const { following } = service();
    const document = new FakeDocument(new FakeKernel());
    following.follow(document.document());
    document.title.label = 'other.ipynb';
    document.sessionContext.propertyChanged.emit('name');
    expect(following.followed).toMatchObject({ title: 'other.ipynb', kernel: 'Python 3' });
  });

  it('stays when one of two views of a notebook is closed', () => {
    const { links, documents, following } = service();
    const kernel = new FakeKernel();
    const one = new FakeDocument(kernel);
    const two = new FakeDocument(kernel);
    documents.add(one.document());
    following.follow(two.document());
    one.disposed.emit();
    expect(documents.all).toHaveLength(1);
    expect(links.all).toHaveLength(1);
    expect(following.followed.kind).toBe('kernel');
  });

  it('tells the kernel when its last document is closed: it lives on', async () => {
    const { links, documents } = service();
    const kernel = new FakeKernel();
    kernel.loaded = true;
    const one = new FakeDocument(kernel);
    const two = new FakeDocument(kernel);
    documents.add(one.document());
    documents.add(two.document());
    const [link] = links.all;
    if (link === undefined) throw new Error('no link');
    await becomes(link, 'open');
    one.close();
    expect(kernel.comms.map(({ closed }) => closed)).toEqual([false]);
    two.close();
    expect(kernel.comms.map(({ closed }) => closed)).toEqual([true]);
    expect(links.all).toEqual([]);
  });

  it('leaves no listener behind: 50 notebooks are opened and closed', async () => {
    const { links, documents, following } = service();
    // What could hold a listener lives on; the links that listened must not.
    const alive: unknown[] = [];
    const gone: WeakRef<KernelLink>[] = [];
    const openAndClose = async (n: number): Promise<void> => {
      const kernel = new FakeKernel(`kernel-${n}`);
      kernel.loaded = true;
      const document = new FakeDocument(kernel);
      alive.push(kernel, document);
      following.follow(document.document());
      const { link } = following;
      if (link === null) throw new Error('no link');
      gone.push(new WeakRef(link));
      await becomes(link, 'open');
      kernel.end();
      document.close();
      expect(following.followed.kind).toBe('nothing');
      expect(kernel.open).toEqual([]);
      expect(link.isDisposed).toBe(true);
    };
    for (let n = 0; n < 50; n += 1) await openAndClose(n);
    expect(links.all).toEqual([]);
    expect(documents.all).toEqual([]);
    await collected();
    expect(gone.filter((each) => each.deref() !== undefined)).toEqual([]);
    expect(alive).toHaveLength(100);
  });
});
