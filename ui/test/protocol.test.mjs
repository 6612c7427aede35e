// @vitest-environment node
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generate } from '../tools/protocol.mjs';

const schema = new URL('../../themis_jupyter/board/protocol.json', import.meta.url);

it.runIf(existsSync(schema))('has the types that protocol.json says', async () => {
  const text = readFileSync(new URL('../src/protocol.gen.ts', import.meta.url), 'utf8');
  expect(await generate()).toBe(text);
});
