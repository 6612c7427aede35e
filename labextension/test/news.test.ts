import { describe, expect, it } from 'vitest';
import { plugin } from '../../ui/test/samples';
import { newsOf } from '../src/news';
import { failure, last } from './fakes';

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
