import { minify } from 'terser';
import { defineConfig, type Plugin } from 'vite';
import { compressed } from './compressed.ts';
import { PAGES, STYLED, TARGET, WEB, withoutReact } from './settings.ts';

/**
 * Names that only the sources of the checkout use: no part of a browser, of the service's answers or of a page's calls
 * is called so where we use it, and none is looked up by a text. They need not be spelt out in the script.
 */
const OWN_NAMES = new RegExp(
  `^(${[
    'apiUrl',
    'ask',
    'back',
    'bearer',
    'blame',
    'book',
    'children',
    'className',
    'denied',
    'doubt',
    'fault',
    'htmlFor',
    'impossible',
    'isTrusted',
    'keepOpen',
    'leave',
    'load',
    'locale',
    'model',
    'msisdn',
    'newKey',
    'onPaymentError',
    'onPaymentSuccess',
    'online',
    'paidAt',
    'patch',
    'phase',
    'price',
    'problem',
    'props',
    'purpose',
    'reread',
    'retryAt',
    'save',
    'secret',
    'seen',
    'skew',
    'speak',
    'start',
    'step',
    'stop',
    'storage',
    'tag',
    'touched',
    'typed',
    'unfinished',
  ].join('|')})$`,
);

/** Makes the bundle as small as it goes: `pure_getters` and the like hold, since no getter of ours does anything. */
function smallest(): Plugin {
  return {
    name: 'smallest',
    async generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        const { code } = await minify(file.code, {
          module: true,
          ecma: 2020,
          compress: {
            passes: 5,
            unsafe: true,
            pure_getters: true,
            keep_fargs: false,
            unsafe_arrows: true,
            unsafe_methods: true,
          },
          mangle: { properties: { regex: OWN_NAMES, keep_quoted: true, builtins: true } },
        });
        file.code = code ?? file.code;
      }
    },
  };
}

/** `<pokea-checkout>` with everything in it, under the name that other sites' pages ask for. */
export default defineConfig({
  root: WEB,
  plugins: [smallest(), compressed((name) => name === 'checkout.js')],
  resolve: { alias: withoutReact },
  oxc: { jsx: { runtime: 'automatic', development: false } },
  define: { 'import.meta.env.DROP_IN': 'true' },
  build: {
    outDir: PAGES,
    emptyOutDir: false,
    target: TARGET,
    cssTarget: STYLED,
    modulePreload: false,
    rollupOptions: {
      input: { checkout: `${WEB}/checkout/src/element.tsx` },
      preserveEntrySignatures: false,
      output: { entryFileNames: '[name].js' },
    },
  },
});
