/** Puts the licence of the house beside the files of the package that is packed, as npm packs it from there alone. */

import { copyFileSync } from 'node:fs';

copyFileSync(new URL('../../LICENSE', import.meta.url), 'LICENSE');
