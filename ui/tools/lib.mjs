// Bundles the view for another host, with its types: npm run lib. Preact and the style are inside.
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';

const here = new URL('..', import.meta.url).pathname;

await build({
  absWorkingDir: here,
  entryPoints: ['src/lib.ts'],
  outfile: 'dist/lib/index.js',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  loader: { '.css': 'text' },
  logLevel: 'warning',
});
execFileSync('npx', ['tsc', '-p', 'tsconfig.lib.json'], { cwd: here, stdio: 'inherit' });
