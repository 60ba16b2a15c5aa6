import type { Step } from '../core/model.js';
import type { Locale } from '../core/texts.js';
import type { Checkout } from '../engine/checkout.js';

/** What the customer can do. */
export interface Actions extends Partial<Record<Step, () => void>> {
  close: () => void;
  type: (text: string) => void;
  leave: () => void;
  speak: (locale: Locale) => void;
}

export function actionsOf(checkout: Checkout, close: () => void, speak: (locale: Locale) => void): Actions {
  return {
    type: (text) => checkout.type(text),
    leave: () => checkout.leave(),
    pay: () => checkout.submit(),
    retry: () => checkout.retry(),
    close,
    speak: (locale) => {
      speak(locale);
      checkout.reread();
    },
  };
}

/** The language that was asked for, else the page's, else the browser's; English unless it is Kiswahili. */
export function localeOf(asked: string | null | undefined): Locale {
  return /^sw/i.test(asked || document.documentElement.lang || navigator.language) ? 'sw' : 'en';
}
