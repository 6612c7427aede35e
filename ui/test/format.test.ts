import { describe, expect, it } from 'vitest';
import { oneLine, printable, seconds, size } from '../src/format';
import { restoreLines } from '../src/strings';

describe('as themis_jupyter/render/format.py', () => {
  it.each([
    [0, '0 B'],
    [812, '812 B'],
    [1200, '1.2 kB'],
    [999_999, '1.0 MB'],
    [340e6, '340 MB'],
    [5e15, '5000 TB'],
  ])('size(%d)', (count, text) => {
    expect(size(count)).toBe(text);
  });

  it.each([
    [-1, '0 µs'],
    [0.000045, '45 µs'],
    [0.0032, '3.2 ms'],
    [1.5, '1.5 s'],
    [59.7, '1 min 0 s'],
    [125, '2 min 5 s'],
    [3840, '1 h 4 min'],
  ])('seconds(%d)', (duration, text) => {
    expect(seconds(duration)).toBe(text);
  });

  it('shows marks that turn the direction, controls and half characters as escapes', () => {
    expect(printable('a\u202eb\x1b[31m\ud800c')).toBe('a\\u202eb\\u001b[31m\\ud800c');
    expect(printable('a😀\r\nb\tc')).toBe('a😀\nb\tc');
  });

  it('cuts long text', () => {
    expect(oneLine('x'.repeat(10_000), 50)).toHaveLength(50);
    expect(oneLine(' a \n b ')).toBe('a b');
  });
});

it('offers only plain names as lines to run', () => {
  expect(restoreLines(['index', 'x\nimport os', '$(rm)'])).toBe(
    '%load_ext themis_jupyter\n%load_plugin index --restore\nPluginPanel()',
  );
});
