import { defineConfig } from 'vite';

// The package is linked from this repository; without this its React would be looked for there.
export default defineConfig({ base: './', resolve: { dedupe: ['react', 'react-dom'] } });
