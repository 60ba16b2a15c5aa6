import type { Ports } from './engine/api.js';

/** The browser as the checkout uses it. */
export function browserPorts(): Ports {
  return {
    fetch: (input, init) => fetch(input, init),
    now: Date.now,
    offline: (lost, signal) => addEventListener('offline', lost, { signal }),
    // Not randomUUID: it is missing on pages that came over plain HTTP.
    newKey: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
    storage: {
      getItem: (name) => sessionStorage.getItem(name),
      setItem: (name, value) => sessionStorage.setItem(name, value),
    },
  };
}
