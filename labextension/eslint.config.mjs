import tseslint from 'typescript-eslint';
import { shared } from '../ui/eslint.shared.mjs';

export default tseslint.config(
  { ignores: ['lib/', 'node_modules/'] },
  ...shared(tseslint, import.meta.dirname),
  {
    files: ['**/*.{ts,tsx}'],
    // Lumino's signals are given the method and its `this`.
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
);
