import { defineConfig } from 'vite';
import { PAGES, WEB, withoutReact } from './settings.ts';

/** `<pokea-checkout>` with everything in it: once under its stable name, once under the name of its content. */
export default defineConfig({
  root: WEB,
  resolve: { alias: withoutReact },
  build: {
    outDir: PAGES,
    emptyOutDir: false,
    target: 'es2022',
    modulePreload: false,
    rollupOptions: {
      input: { checkout: `${WEB}/checkout/src/element.tsx` },
      preserveEntrySignatures: false,
      output: { entryFileNames: '[name].js' },
    },
  },
});
