import { afterEach, describe, expect, it } from 'vitest';
import { t } from '../src/strings';
import { _, _n, ENGLISH, setBundle, type Bundle } from '../src/translation';

afterEach(() => {
  setBundle(ENGLISH);
});

/** Puts one value in after the other, and so takes what is in a value for a place. */
const careless: Bundle = {
  __: (msgid, ...args) =>
    args
      .reduce<string>((text, value, i) => text.replaceAll(`%${i + 1}`, String(value)), msgid)
      .replaceAll('%% ', '%'),
  _n: (_singular, plural, n, ...args) => careless.__(plural, n, ...args),
};

describe('the English bundle', () => {
  it('puts values into their places, also twice and in another order', () => {
    expect(ENGLISH.__('%2 and %1, %2', 'a', 7)).toBe('7 and a, 7');
  });

  it('takes only numbers for places, and %% for a percent sign', () => {
    expect(ENGLISH.__('%load_plugin 5 % of %1, %%1', 'a')).toBe('%load_plugin 5 % of a, %1');
  });

  it('has the number in the first place of a plural, and one is singular', () => {
    expect(ENGLISH._n('one of %2', '%1 of %2', 1, 'b')).toBe('one of b');
    expect(ENGLISH._n('one of %2', '%1 of %2', 0, 'b')).toBe('0 of b');
    expect(ENGLISH._n('one of %2', '%1 of %2', 2, 'b')).toBe('2 of b');
  });

  it('does not look for places in values', () => {
    expect(ENGLISH.__('%1 %2', '%2', '%%1 %% $& %1')).toBe('%2 %%1 %% $& %1');
  });
});

describe.each([
  ['the English bundle', ENGLISH],
  ['a careless one', careless],
])('a marked text with %s', (_name, bundle) => {
  it.each(['%1', '%2', '%3', '%% ', '100 %', '$&', '\uE0001\uE000'])(
    'shows the value %j',
    (odd) => {
      setBundle(bundle);
      expect(_('a %1 b %2', odd, 'x')).toBe(`a ${odd} b x`);
      expect(_n('%2, one, %3', '%2, %1, %3', 5, odd, 'x')).toBe(`${odd}, 5, x`);
    },
  );
});

describe('setBundle', () => {
  it('changes the language of what is asked for from then on', () => {
    expect([t.reload(), t.life('loaded')]).toEqual(['Reload', 'loaded']);
    setBundle({
      __: (msgid) => `[${msgid}]`,
      _n: (_singular, plural, n) => `[${plural}]${n}`,
    });
    expect([t.reload(), t.life('loaded'), t.inFlight(3)]).toEqual([
      '[Reload]',
      '[loaded]',
      '[%1 calls in flight]3',
    ]);
  });

  it('leaves a word of a kernel that is not known as it is', () => {
    setBundle({ ...ENGLISH, __: () => 'translated' });
    expect([t.outcome('failed'), t.outcome('melted'), t.outcome('constructor')]).toEqual([
      'translated',
      'melted',
      'constructor',
    ]);
  });
});
