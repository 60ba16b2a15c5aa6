import { fileURLToPath } from 'node:url';

export const WEB = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** What the service and the simulator serve, and the wheel holds. */
export const PAGES = fileURLToPath(new URL('../../src/pokea/pages', import.meta.url));
/** What the npm package holds. */
export const PACKAGE = `${WEB}/checkout/dist`;

/** The checkout's JSX goes to our own few lines instead of React. */
export const withoutReact = { 'react/jsx-runtime': `${WEB}/checkout/src/view/draw.ts` };
export const TARGET = 'es2022';
/** Its style asks by itself what a browser can; rewritten for older ones, `light-dark` would not follow the page. */
export const STYLED = ['chrome123', 'safari17.5', 'firefox120'];
