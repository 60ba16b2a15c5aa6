import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';
import { compressed } from './compressed.ts';
import { PAGES, TARGET, WEB } from './settings.ts';

/** The licence and the notices of Swagger UI, which its terms ask for wherever it is copied to. */
const licences: Plugin = {
  name: 'licences',
  generateBundle() {
    const folder = `${WEB}/node_modules/swagger-ui-dist`;
    const texts = ['NOTICE', 'LICENSE', 'swagger-ui-es-bundle.js.LICENSE.txt'];
    const source = texts.map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join('\n\n');
    this.emitFile({ type: 'asset', fileName: 'reference/LICENSE.txt', source });
  },
};

/** The handset (`/sim`), the shop (`/demo`) and the reference (`/docs`), with hashed names and their manifest. */
export default defineConfig({
  root: WEB,
  base: '/pages/',
  plugins: [licences, compressed((name) => name.startsWith('assets/'))],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  experimental: {
    // The pages work below a path of a proxy too, so their files are named from where the page is.
    renderBuiltUrl: (name, { hostType }) => (hostType === 'html' ? `pages/${name}` : undefined),
  },
  build: {
    outDir: PAGES,
    emptyOutDir: true,
    target: TARGET,
    manifest: 'manifest.json',
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      input: ['handset', 'shop', 'reference'].map((page) => `${WEB}/${page}/index.html`),
    },
  },
});
