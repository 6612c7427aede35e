// @vitest-environment node
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generate } from '../tools/protocol.mjs';

it('has the types that protocol.json says', async () => {
  const text = readFileSync(new URL('../src/protocol.gen.ts', import.meta.url), 'utf8');
  expect(await generate()).toBe(text);
});
