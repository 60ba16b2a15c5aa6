import type { Ports } from './engine/api.js';

/** The browser as the checkout uses it. */
export function browserPorts(): Ports {
  return {
    fetch: (input, init) => fetch(input, init),
    now: Date.now,
    offline: (lost, signal) => addEventListener('offline', lost, { signal }),
    back: (back, signal) => {
      addEventListener('online', back, { signal });
      addEventListener('pageshow', back, { signal });
      document.addEventListener('visibilitychange', () => document.hidden || back(), { signal });
    },
    // biome-ignore lint/suspicious/noConsole: the page's developer looks there, and the customer does not
    blame: (mistake) => console.error(`pokea-checkout: ${mistake}`),
    // Not randomUUID: it is missing on pages that came over plain HTTP.
    newKey: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
    storage: {
      getItem: (name) => sessionStorage.getItem(name),
      setItem: (name, value) => sessionStorage.setItem(name, value),
    },
  };
}
