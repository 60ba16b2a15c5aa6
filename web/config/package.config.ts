import { defineConfig } from 'vite';
import { PACKAGE, STYLED, TARGET, WEB, withoutReact } from './settings.ts';

/** One form of the npm package, by `--mode`: the component without React, or the element with everything in it. */
export default defineConfig(({ mode: name }) => ({
  root: WEB,
  resolve: { alias: name === 'element' ? withoutReact : {} },
  oxc: { jsx: { runtime: 'automatic', development: false } },
  build: {
    outDir: PACKAGE,
    emptyOutDir: false,
    target: TARGET,
    cssTarget: STYLED,
    minify: false,
    lib: { entry: `${WEB}/checkout/src/${name}.tsx`, formats: ['es'], fileName: () => `${name}.js` },
    rollupOptions: { external: name === 'react' ? ['react', 'react-dom', 'react/jsx-runtime'] : [] },
  },
}));
