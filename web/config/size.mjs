/** Prints the drop-in's size against its budget, and fails above it. `npm run size` */

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 10_000;
const file = new URL('../../src/pokea/pages/checkout.js', import.meta.url);

const bytes = gzipSync(readFileSync(file), { level: 9 }).length;
const share = Math.round((bytes / BUDGET_BYTES) * 100);
console.log(`checkout.js: ${bytes} of ${BUDGET_BYTES} bytes gzipped (${share} %)`);
if (bytes > BUDGET_BYTES) {
  console.error(`checkout.js is ${bytes - BUDGET_BYTES} bytes over its budget.`);
  process.exit(1);
}
