import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    include: ['test/**/*.test.ts'],
    restoreMocks: true,
    // Whether something is still listened to is seen by what the collector cannot take.
    pool: 'forks',
    poolOptions: { forks: { execArgv: ['--expose-gc'] } },
    // Their modules import style sheets, which Node cannot.
    server: { deps: { inline: [/@jupyterlab/, /@jupyter/] } },
  },
});
