import { defineConfig } from 'vite';
import { PAGES, TARGET, WEB } from './settings.ts';

/** The handset (`/sim`) and the shop (`/demo`), with hashed names and the manifest that says them. */
export default defineConfig({
  root: WEB,
  base: '/pages/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  build: {
    outDir: PAGES,
    emptyOutDir: true,
    target: TARGET,
    manifest: 'manifest.json',
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: [`${WEB}/handset/index.html`, `${WEB}/shop/index.html`],
    },
  },
});
