import type { ClassAttributes, HTMLAttributes } from 'react';
import type { PokeaCheckout } from './element.js';
import type { PaymentError } from './engine/checkout.js';

/** What `<pokea-checkout>` takes in JSX. Its handlers and `getToken` need React 19; React 18 sets attributes alone. */
export interface PokeaCheckoutAttributes
  extends HTMLAttributes<PokeaCheckout>,
    ClassAttributes<PokeaCheckout> {
  /** The booking whose fee is paid. */
  'booking-id': string;
  /** The fee in whole shillings, for the button before the dialog is opened. */
  amount?: number | string;
  /** What the fee is for, in the page's words; by default the booking's service. */
  description?: string;
  /** A token of the customer with `payments:write` and `payments:read`, unless `getToken` gives one. */
  token?: string;
  /** Where Pokea answers, such as `https://pay.example.com`. */
  'api-url'?: string;
  /** `en` or `sw`; by default the page's language. */
  locale?: 'en' | 'sw';
  /** What stands in the phone field at first. */
  'phone-number'?: string;
  /** What the dialog looks like; by default as the page's own `color-scheme` says. */
  theme?: 'light' | 'dark' | 'auto';
  /** Whether the dialog is open. */
  open?: boolean;
  getToken?: () => string | Promise<string>;
  'onpokea-success'?: (event: CustomEvent<{ transactionId: string }>) => void;
  'onpokea-error'?: (event: CustomEvent<PaymentError>) => void;
  'onpokea-close'?: (event: CustomEvent<null>) => void;
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'pokea-checkout': PokeaCheckoutAttributes;
    }
  }
}
