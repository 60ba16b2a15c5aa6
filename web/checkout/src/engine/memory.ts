import type { PushBody, Shown } from '../core/wire.js';
import type { Ports } from './api.js';

/** An attempt whose push has had no answer yet, or the payment that came of it: never both; and what is shown of it. */
export interface Kept extends Partial<Shown> {
  /** The attempt: its key, its body and when it began. */
  key?: string;
  body?: PushBody;
  at?: number;
  /** The payment, what reads it, and the number that was typed for it, masked. */
  id?: string;
  typed?: string;
  secret?: string | undefined;
}

export interface Memory {
  load: () => Kept;
  save: (kept: Kept) => void;
}

/** Remembers one booking's payment over a reload; where the page may keep nothing, as long as the page lives. */
export function createMemory(storage: Ports['storage'], bookingId: () => string): Memory {
  const name = () => `pokea:${bookingId()}`;
  let here: Kept | undefined;
  return {
    load: () => {
      try {
        return here ?? JSON.parse(storage.getItem(name()) ?? '{}');
      } catch {
        return {};
      }
    },
    save: (kept) => {
      here = kept;
      try {
        storage.setItem(name(), JSON.stringify(kept));
      } catch {
        // A page without storage pays as well; only a reload forgets.
      }
    },
  };
}
