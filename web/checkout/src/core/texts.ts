import { words as sw, type Texts } from './texts.sw.js';
import type { Shown } from './wire.js';

export type Locale = 'en' | 'sw';

/** `$` stands for the amount. */
const en: Texts = {
  language: 'Kiswahili',
  title: 'Pay with M-PESA',
  phone: 'M-PESA phone number',
  pay: 'Pay $',
  sending: 'Sending the request…',
  loading: 'Looking up your payment…',
  offline: 'No connection. We continue as soon as it is back.',
  close: 'Close',
  unauthenticated: 'Your session is over. Sign in again, then pay.',
  unreachable: 'No connection, so nothing was sent. Try again.',
  impossible: 'This payment cannot be made now. Contact the business.',
};

export const TEXTS: Readonly<Record<Locale, Texts>> = { en, sw };

export type { Texts };

/** All that the checkout says: its own words, and those that came with the booking. */
export type AllTexts = Texts & Shown['words'];
