import { nullTranslator, TranslationManager, TranslatorConnector } from '@jupyterlab/translation';
import { afterEach, describe, expect, it } from 'vitest';
import { _, _n, setBundle } from 'themis-jupyter-ui';
import german from '../../themis_jupyter/locale/de_DE/LC_MESSAGES/themis_jupyter.json';

/** Answers as JupyterLab's server does where the catalogue is installed. */
class Served extends TranslatorConnector {
  override fetch(): Promise<never> {
    return Promise.resolve({ data: { themis_jupyter: german }, message: '' } as never);
  }
}

const bundleFor = async (locale: string) => {
  const manager = new TranslationManager('', '', undefined, new Served());
  await manager.fetch(locale);
  return manager.load('themis_jupyter');
};

afterEach(() => {
  setBundle(nullTranslator.load(''));
});

describe("JupyterLab's own bundle", () => {
  it('speaks German from our catalogue', async () => {
    setBundle(await bundleFor('de_DE'));
    expect([_('Reload'), _('Open line %1', 7)]).toEqual(['Neu laden', 'Zeile 7 öffnen']);
    const calls = (n: number) => _n('%1 call in flight', '%1 calls in flight', n);
    expect([0, 1, 2].map(calls)).toEqual([
      '0 laufende Aufrufe',
      '1 laufender Aufruf',
      '2 laufende Aufrufe',
    ]);
    expect(_n('needed by %2 and %1 more', 'needed by %2 and %1 more', 2, 'a, b')).toBe(
      'benötigt von a, b und 2 weiteren',
    );
  });

  it('speaks English where English is chosen, and where a text is not in the catalogue', async () => {
    setBundle(await bundleFor('en'));
    expect(_('Reload')).toBe('Reload');
    setBundle(await bundleFor('de_DE'));
    expect(_('Not in it: %1', 1)).toBe('Not in it: 1');
  });

  // "%% " is what it would take for an escaped percent sign.
  it.each(['%1', '%2', '%% ', '100 %', '$&'])('shows the value %j as it is', async (odd) => {
    for (const bundle of [await bundleFor('de_DE'), nullTranslator.load('')]) {
      setBundle(bundle);
      expect(_('%1: %2', odd, 'x')).toBe(`${odd}: x`);
      expect(_n('%2 and %1 more: %3.', '%2 and %1 more: %3.', 5, odd, 'x')).toContain(odd);
    }
  });
});
