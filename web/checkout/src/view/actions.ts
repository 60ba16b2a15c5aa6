import type { Step } from '../core/model.js';
import type { Locale } from '../core/texts.js';
import type { Checkout } from '../engine/checkout.js';

/** What the customer can do. */
export interface Actions extends Partial<Record<Step, () => void>> {
  close: () => void;
  type: (text: string) => void;
  leave: () => void;
  speak: (locale: Locale) => void;
  /** Puts the receipt's number on the clipboard; absent where the browser does not let a page do that. */
  copy?: (receipt: string) => void;
  print: () => void;
}

export function actionsOf(checkout: Checkout, close: () => void, speak: (locale: Locale) => void): Actions {
  // Not there on pages that came over plain HTTP.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  const actions: Actions = {
    type: (text) => checkout.type(text),
    leave: () => checkout.leave(),
    pay: () => checkout.submit(),
    retry: () => checkout.retry(),
    another: () => checkout.retry(''),
    close,
    done: close,
    print: () => print(),
    speak: (locale) => {
      speak(locale);
      checkout.speak();
    },
  };
  // Where the page may not write there, the number is still there to be read.
  if (clipboard)
    actions.copy = (receipt) => void clipboard.writeText(receipt).then(() => checkout.copied(), Boolean);
  return actions;
}

/** The language that was asked for, else the page's, else the browser's; English unless it is Kiswahili. */
export function localeOf(asked: string | null | undefined): Locale {
  return /^sw/i.test(asked || document.documentElement.lang || navigator.language) ? 'sw' : 'en';
}
