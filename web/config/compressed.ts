import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { PAGES } from './settings.ts';

/** Writes built files once more as gzip and as brotli beside them, so that no start of the service has to compress them. */
export function compressed(isSent: (name: string) => boolean): Plugin {
  return {
    name: 'compressed',
    writeBundle(_, bundle) {
      for (const name of Object.keys(bundle).filter(isSent)) {
        const content = readFileSync(`${PAGES}/${name}`);
        writeFileSync(`${PAGES}/${name}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${PAGES}/${name}.br`, brotliCompressSync(content));
      }
    },
  };
}
