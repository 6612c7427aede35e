// The last step of a build: what "jupyter labextension list" tells of the extension. Its version is that of the Python
// package, and install.json says that it came with it.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';

const here = new URL('..', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', here), 'utf8'));
const output = new URL(`${manifest.jupyterlab.outputDir}/`, here);

const source = readFileSync(new URL('../themis_jupyter/__init__.py', here), 'utf8');
const version = /^__version__ = "(.+)"$/m.exec(source)?.[1];
if (version === undefined)
  throw new Error('There is no line __version__ = "…" in themis_jupyter/__init__.py.');

const built = JSON.parse(readFileSync(new URL('package.json', output), 'utf8'));
writeFileSync(
  new URL('package.json', output),
  JSON.stringify({ ...built, version }, null, 2) + '\n',
);
copyFileSync(new URL('install.json', here), new URL('install.json', output));
