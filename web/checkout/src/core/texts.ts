import { words as sw, type Texts } from './texts.sw.js';

export type Locale = 'en' | 'sw';

/** `$` stands for the amount, `#` for the phone number or the time. */
const en: Texts = {
  other: 'Kiswahili',
  title: 'Pay with M-PESA',
  what: 'Booking fee',
  phone: 'M-PESA phone number',
  pay: 'Pay $',
  how: 'A request will come to #. Confirm it there with your M-PESA PIN.',
  here: 'this phone',
  sending: 'Sending the request…',
  unanswered: 'No answer yet. We are asking again; you will not be charged twice.',
  waiting: 'Check your phone',
  enter: 'Enter your M-PESA PIN on # to pay $.',
  left: 'seconds left',
  checking: 'Checking with M-PESA',
  unknown:
    'We do not know yet whether the money was sent. If a request is on your phone, you may answer it. Do not pay again; the answer will appear here.',
  failed: 'Payment not made',
  unsure: 'Payment not confirmed',
  late: 'If M-PESA confirms the payment after all, it will show here.',
  retry: 'Try again',
  paid: 'Payment successful! Finding you a technician...',
  receipt: 'M-PESA receipt',
  later: 'The receipt number will follow.',
  already: 'This fee is paid.',
  extra: 'If another request appears on your phone, cancel it.',
  twice: 'You paid twice. The second payment will be returned to you.',
  review: 'A person is looking at this payment. Do not pay again; contact the business.',
  offline: 'No connection. We continue as soon as it is back.',
  close: 'Close',
  wait: 'Try again in #',
  fault: {
    empty: 'Enter the M-PESA phone number.',
    digits: 'Use digits only.',
    zero: 'Put 0 or 254 in front of the number.',
    foreign: 'This is not a Kenyan number (+254).',
    short: 'The number is too short.',
    long: 'The number is too long.',
    mobile: 'After 0 or 254 comes a 7 or a 1.',
  },
  reason: {
    insufficient_funds: 'There is not enough money in the M-PESA account. Add money, then try again.',
    wrong_pin: 'M-PESA did not accept the PIN. Try again, and enter it with care.',
    cancelled: 'The request was cancelled on the phone. Try again when you are ready.',
    no_response: 'The phone did not answer in time. Check that it is on and has network, then try again.',
    expired: 'The request took too long. Try again, and enter the PIN as soon as it appears.',
    prompt_not_sent: 'M-PESA could not show the request on the phone. Wait a minute, then try again.',
    pin_locked: 'The M-PESA PIN is locked. Call Safaricom, or use another number.',
    daily_limit: 'The daily M-PESA limit is reached. Try again tomorrow, or use another number.',
    no_answer:
      'We could not find out whether this was paid. If M-PESA took the money, it will be credited or returned. Look at your M-PESA messages, and try again only if there is no confirmation.',
    subscriber_locked: 'Another M-PESA request is open on this phone. Finish or cancel it, then try again.',
    daraja_unavailable: 'M-PESA is down or too busy. Wait a minute, then try again.',
    too_many_requests: 'Too many requests for this number.',
    unauthenticated: 'Your session is over. Sign in again, then pay.',
    silence: 'No answer, so a request may be on your phone. Try again: you will not be charged twice.',
    other: 'This payment cannot be made now. Contact the business.',
  },
};

export const TEXTS: Readonly<Record<Locale, Texts>> = { en, sw };

export type { Texts };
