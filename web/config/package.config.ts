import { defineConfig } from 'vite';
import { PACKAGE, STYLED, TARGET, WEB, withoutReact } from './settings.ts';

/** Bundlers of React's server components look for it at the top of the file, where a build would drop it. */
const CLIENT = "'use client';";

/** One part of the npm package, by `--mode`: the component without React, the element with all in it, or types alone. */
export default defineConfig(({ mode: name }) => ({
  root: WEB,
  resolve: { alias: name === 'element' ? withoutReact : {} },
  oxc: { jsx: { runtime: 'automatic', development: false } },
  define: { 'import.meta.env.DROP_IN': 'false' },
  build: {
    outDir: PACKAGE,
    emptyOutDir: false,
    target: TARGET,
    cssTarget: STYLED,
    minify: false,
    sourcemap: true,
    lib: {
      entry: `${WEB}/checkout/src/${name}.${name === 'jsx' ? 'ts' : 'tsx'}`,
      formats: ['es'],
      fileName: () => `${name}.js`,
    },
    rollupOptions: {
      external: name === 'react' ? ['react', 'react-dom', 'react/jsx-runtime'] : [],
      output: name === 'react' ? { banner: CLIENT } : {},
    },
  },
}));
