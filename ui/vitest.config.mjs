import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** A style sheet is a text, as in the bundle. */
const styleAsText = {
  name: 'style-as-text',
  enforce: 'pre',
  load(id) {
    const [path = ''] = id.split('?');
    if (!path.endsWith('.css')) return null;
    return `export default ${JSON.stringify(readFileSync(path, 'utf8'))}`;
  },
};

export default defineConfig({
  plugins: [
    {
      ...styleAsText,
      resolveId(source, importer) {
        if (!source.endsWith('.css') || importer === undefined) return null;
        return new URL(source, `file://${importer}`).pathname + '?text.js';
      },
    },
  ],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  test: { environment: 'jsdom', include: ['test/**/*.test.{ts,tsx,mjs}'], restoreMocks: true },
});
