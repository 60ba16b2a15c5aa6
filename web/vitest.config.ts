import { defineConfig } from 'vitest/config';
import { withoutReact } from './config/settings.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['tests/{core,engine,pages,package,client}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'dom',
          include: ['tests/dom/**/*.test.{ts,tsx}'],
          environment: 'happy-dom',
          testTimeout: 60_000,
        },
      },
      {
        resolve: { alias: withoutReact },
        oxc: { jsx: { runtime: 'automatic', development: false } },
        test: {
          name: 'drop-in',
          include: ['tests/drop-in/**/*.test.{ts,tsx}'],
          environment: 'happy-dom',
          testTimeout: 60_000,
        },
      },
    ],
  },
});
