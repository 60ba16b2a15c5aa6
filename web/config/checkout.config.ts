import { defineConfig } from 'vite';
import { PAGES, TARGET, WEB, withoutReact } from './settings.ts';

/** `<pokea-checkout>` with everything in it, under the name that other sites' pages ask for. */
export default defineConfig({
  root: WEB,
  resolve: { alias: withoutReact },
  oxc: { jsx: { runtime: 'automatic', development: false } },
  build: {
    outDir: PAGES,
    emptyOutDir: false,
    target: TARGET,
    modulePreload: false,
    rollupOptions: {
      input: { checkout: `${WEB}/checkout/src/element.tsx` },
      preserveEntrySignatures: false,
      output: { entryFileNames: '[name].js' },
    },
  },
});
