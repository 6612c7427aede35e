import { Gettext } from '@jupyterlab/translation/lib/gettext';
import { nullTranslator } from '@jupyterlab/translation/lib/base';
import { TranslationManager } from '@jupyterlab/translation/lib/manager';
import { afterEach, describe, expect, it } from 'vitest';
import { _, _n, ENGLISH, setBundle } from 'themis-jupyter-ui';
import german from '../../themis_jupyter/locale/de_DE/LC_MESSAGES/themis_jupyter.json';

/** JupyterLab's own manager, with what its server answers. */
async function lab(locale: string, data: Record<string, unknown> = {}) {
  const connector = { fetch: async () => ({ data: { themis_jupyter: german, ...data }, message: '' }) };
  const manager = new TranslationManager('', '', undefined, connector as never);
  await manager.fetch(locale);
  return manager.load('themis_jupyter');
}
