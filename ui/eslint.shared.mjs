/**
 * How TypeScript is written here, for the panel and for JupyterLab's extension.
 *
 * @param tseslint of who asks: each has its own node_modules, and may be installed without the other.
 * @param root the folder of its tsconfig.json.
 */
export const shared = (tseslint, root) => [
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['test/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
];
