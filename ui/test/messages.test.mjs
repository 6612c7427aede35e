// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { allMessages, catalogues, messagesOf, problemsOf } from '../tools/messages.mjs';

const IMPORT = "import { _, _n } from './translation';\n";
const of = (text) => messagesOf(IMPORT + text, 'x.ts');
const HEAD = { language: 'xx', plural_forms: 'nplurals=2; plural=(n != 1);' };
const wrong = (text, entries) => problemsOf(of(text).messages, { '': HEAD, ...entries });

describe('our own texts', () => {
  const { messages, problems } = allMessages();

  it('are marked as literals, and get as many values as they have places', () => {
    expect(problems).toEqual([]);
    expect(messages.map(({ msgid }) => msgid)).toContain('Reload');
  });

  it.each([...catalogues()])('are in the catalogue of %s, and nothing else is', (_locale, each) => {
    expect(problemsOf(messages, each)).toEqual([]);
  });

  it('are in German', () => {
    expect([...catalogues().keys()]).toContain('de_DE');
  });
});

describe('what is marked', () => {
  it('is found, with its plural and where it is', () => {
    expect(of("_('a'); f(_n('%1 b', `%1 bs`, n));\n_('c %1', x);")).toEqual({
      messages: [
        { msgid: 'a', plural: null, at: 'x.ts:2' },
        { msgid: '%1 b', plural: '%1 bs', at: 'x.ts:2' },
        { msgid: 'c %1', plural: null, at: 'x.ts:3' },
      ],
      problems: [],
    });
  });

  it('is found by the name of the import, in JSX, and not by that of something else', () => {
    const text = "import { _ as mark } from 'themis-jupyter-ui';\nx._('no'); _(no);\n";
    const { messages, problems } = messagesOf(`${text}<p>{mark('a')}</p>;`, 'x.tsx');
    expect([messages.map(({ msgid }) => msgid), problems]).toEqual([['a'], []]);
  });

  it.each([
    ['_(a);', '_ is called with what is no literal'],
    ["_('a' + b);", '_ is called with what is no literal'],
    ['_(`a ${b}`);', '_ is called with what is no literal'],
    ['_();', '_ is called with what is no literal'],
    ["_n('a', b, 1);", '_n is called with what is no literal'],
    ['list.map(_);', '_ is not called'],
    ["_('a %1');", '“a %1” is called with 0 values'],
    ["_('a', b);", '“a” is called with 1 values'],
    ["_n('a', '%1 as %2', 2);", '“%1 as %2” is called with 1 values'],
  ])('%s is refused', (text, problem) => {
    expect(of(text)).toEqual({ messages: [], problems: [`x.ts:2: ${problem}`] });
  });
});

describe('a catalogue', () => {
  it('that has all is right; a singular may do without its number', () => {
    const entries = { 'a %1': ['%1 b'], 'one c': ['ein c'], 'd %2 %1': ['%1 %2'] };
    const text = "_('a %1', x); _n('one c', '%1 cs', n); _('d %2 %1', x, y);";
    expect(wrong(text, { ...entries, 'one c': ['ein c', '%1 c'] })).toEqual([]);
    expect(wrong(text, entries)).toEqual(['x.ts:2: missing: “one c” (2 of it)']);
  });

  it('that lacks one, or has an empty one, is told of', () => {
    expect(wrong("_('a'); _('b');", { b: [' '] })).toEqual([
      'x.ts:2: missing: “a” (1 of it)',
      'x.ts:2: missing: “b” (1 of it)',
    ]);
  });

  it('that has a translation with other places is told of', () => {
    expect(wrong("_('a %1', x);", { 'a %1': ['b %2'] })).toEqual([
      'x.ts:2: “b %2” has other places than “a %1”',
    ]);
  });

  it('that has more than is marked is told of', () => {
    expect(wrong("_('a');", { a: ['b'], c: ['d'] })).toEqual(['obsolete: “c”']);
  });

  it('cannot have one text with and without a plural', () => {
    expect(wrong("_('a');\n_n('a', '%1 as', n);", { a: ['b'] })).toEqual([
      'x.ts:3: “a” has two plurals',
    ]);
  });
});
