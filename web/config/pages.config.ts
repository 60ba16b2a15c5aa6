import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
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

/** Every file with a hashed name once more as gzip, so that no start of the service has to compress it. */
const compressed: Plugin = {
  name: 'compressed',
  writeBundle(_, bundle) {
    for (const name of Object.keys(bundle).filter((name) => name.startsWith('assets/'))) {
      writeFileSync(`${PAGES}/${name}.gz`, gzipSync(readFileSync(`${PAGES}/${name}`), { level: 9 }));
    }
  },
};

/** The handset (`/sim`), the shop (`/demo`) and the reference (`/docs`), with hashed names and their manifest. */
export default defineConfig({
  root: WEB,
  base: '/pages/',
  plugins: [licences, compressed],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  experimental: {
    // The reference works below a path of a proxy too, so its files are named from where the page is.
    renderBuiltUrl: (name, { hostId, hostType }) =>
      hostType === 'html' && hostId.includes('reference/') ? `pages/${name}` : undefined,
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
