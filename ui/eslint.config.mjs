import tseslint from 'typescript-eslint';
import { shared } from './eslint.shared.mjs';

export default tseslint.config(
  { ignores: ['dist/', 'shots/', 'node_modules/', 'src/protocol.gen.ts'] },
  ...shared(tseslint, import.meta.dirname),
);
