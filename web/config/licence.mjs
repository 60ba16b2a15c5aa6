/** Puts the licence of the house beside the package's own files, as npm packs it from there alone. */

import { copyFileSync } from 'node:fs';

copyFileSync(new URL('../../LICENSE', import.meta.url), new URL('../checkout/LICENSE', import.meta.url));
