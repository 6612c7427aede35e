// Bundles the widget: npm run build [-- --out FOLDER]. By default into the Python package.
import { mkdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const LIMIT = 60_000; // bytes, gzipped

const at = process.argv.indexOf('--out');
const here = new URL('..', import.meta.url).pathname;
const out =
  at > 0 ? resolve(process.argv[at + 1] ?? '.') : resolve(here, '../themis_jupyter/widgets/static');
const file = resolve(out, 'panel.js');

await mkdir(out, { recursive: true });
await build({
  entryPoints: [resolve(here, 'src/anywidget.ts')],
  outfile: file,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  loader: { '.css': 'text' },
  logLevel: 'warning',
});
const size = gzipSync(await readFile(file), { level: 9 }).length;
console.log(`${file}: ${(size / 1000).toFixed(1)} kB gzipped`);
if (size > LIMIT) {
  console.error(`That is more than ${LIMIT / 1000} kB.`);
  process.exit(1);
}
