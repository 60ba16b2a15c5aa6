import { fileURLToPath } from 'node:url';

export const WEB = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
export const PAGES = fileURLToPath(new URL('../../src/pokea/pages', import.meta.url));

/** The checkout's JSX goes to our own few lines instead of React. */
export const withoutReact = { 'react/jsx-runtime': `${WEB}/checkout/src/view/draw.ts` };
