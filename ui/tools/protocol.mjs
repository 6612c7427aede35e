// Writes src/protocol.gen.ts from the messages' JSON Schema. --check only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';
import { format, resolveConfig } from 'prettier';

const SCHEMA = new URL('../../themis_jupyter/board/protocol.json', import.meta.url);
const TARGET = new URL('../src/protocol.gen.ts', import.meta.url);

/** Returns the source text of the types. */
export async function generate() {
  const schema = JSON.parse(await readFile(SCHEMA, 'utf8'));
  // The generator reads "definitions", and writes what it can reach from the root.
  const { $defs, ...rest } = JSON.parse(
    JSON.stringify(schema).replaceAll('#/$defs/', '#/definitions/'),
  );
  delete rest.$id;
  // What replies carry is not reached from the messages.
  for (const data of Object.keys($defs).filter((name) => name.endsWith('Data')))
    rest.oneOf.push({ $ref: `#/definitions/${data}` });
  const source = await compile({ ...rest, title: 'Protocol', definitions: $defs }, 'Protocol', {
    additionalProperties: false,
    bannerComment:
      '// Made by "npm run protocol" from themis_jupyter/board/protocol.json: do not edit.',
    ignoreMinAndMaxItems: true,
    unknownAny: true,
    format: false,
  });
  const config = await resolveConfig(TARGET.pathname);
  return format(source, { ...config, parser: 'typescript' });
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const text = await generate();
  if (!process.argv.includes('--check')) await writeFile(TARGET, text);
  else if (text !== (await readFile(TARGET, 'utf8'))) {
    console.error('src/protocol.gen.ts is not what protocol.json says: npm run protocol');
    process.exit(1);
  }
}
