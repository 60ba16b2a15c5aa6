import { ANSWER_MS } from './countdown.js';
import { type EventName, type Phase, TABLE } from './machine.js';
import type { Booking, Failure, Problem, Pushed, Shown, Transaction } from './wire.js';

/** Everything that the page shows of one booking's payment. Times are milliseconds of the local clock. */
export interface Model {
  readonly phase: Phase;
  /** The payment that is shown; empty before there is one. */
  readonly id: string;
  readonly version: number;
  /** The twelve digits that this page sent the prompt to; empty when another page did. */
  readonly typed: string;
  /** The number that the prompt went to, masked by the service. */
  readonly phone: string;
  /** Until when M-PESA may answer; the prompt ends `ANSWER_MS` before. 0 when unknown. */
  readonly expiresAt: number;
  readonly receipt: string | null;
  /** When the money came, as the service writes it. */
  readonly paidAt: string | null;
  readonly failure: Failure | null;
  /** The service's words for all this, in the customer's language. */
  readonly message: string;
  readonly review: readonly string[];
  /** Why the form is shown again, when the service refused. */
  readonly problem: Problem | null;
  /** No try before this time, because the service would refuse it. */
  readonly retryAt: number;
  /** A push went out whose call has had no answer yet. */
  readonly unanswered: boolean;
  /** A prompt was sent for a fee that turned out to be paid. */
  readonly extra: boolean;
  readonly offline: boolean;
  /** The receipt's number is on the clipboard. */
  readonly copied: boolean;
  /** What is paid, once it has been read. */
  readonly booking: Booking | null;
  /** What is said from then on. */
  readonly words: Shown['words'] | null;
  /** What is typed in the field, and whether it was left or submitted since. */
  readonly text: string;
  readonly touched: boolean;
}

/** For how long after `expiresAt` the service may hold the booking (law: time). */
export const LOCK_GRACE_MS = 60_000;

/** Nothing known of any payment. */
const BLANK = {
  phase: 'form',
  id: '',
  version: 0,
  typed: '',
  phone: '',
  expiresAt: 0,
  receipt: null,
  paidAt: null,
  failure: null,
  message: '',
  review: [],
  problem: null,
  retryAt: 0,
  unanswered: false,
  extra: false,
  copied: false,
} as const;

export const START: Model = {
  ...BLANK,
  text: '',
  touched: false,
  offline: false,
  booking: null,
  words: null,
};

/** Something that happened, with what it tells about the payment. */
export interface Event {
  readonly name: EventName;
  readonly patch?: Partial<Model>;
  /** Reads the one payment; never part of what is shown. */
  readonly secret?: string | undefined;
}

/** The model after `event`; the same object when the event changes nothing. */
export function reduce(model: Model, event: Event): Model {
  const phase = TABLE[model.phase][event.name];
  if (!phase || isStale(model, event)) return model;
  if (event.name === 'retry' && !model.failure?.retryable) return model;
  if (model.phase === 'paid' && event.name !== 'completed') return { ...model, extra: true };
  // An earlier payment was paid after all, and the prompt of the one that is shown may still be on the phone.
  const extra = model.extra || (event.name === 'completed' && !!model.id && event.patch?.id !== model.id);
  return { ...model, extra, ...event.patch, phase };
}

/** An event of another payment counts only if money came by it; one of this payment, unless it is older. */
function isStale(model: Model, { name, patch }: Event): boolean {
  if (!patch?.version) return false;
  return patch.id === model.id ? patch.version < model.version : name !== 'completed';
}

export function submitted(typed: string): Event {
  return { name: 'submit', patch: { ...BLANK, typed } };
}

/** `skew` is what to take from the service's times to have local ones. */
export function accepted(pushed: Pushed, skew: number): Event {
  return {
    name: pushed.checkoutRequestId ? 'accepted' : 'accepted_unknown',
    patch: {
      id: pushed.transactionId,
      phone: pushed.phoneNumber,
      expiresAt: Date.parse(pushed.expiresAt) - skew,
    },
    secret: pushed.clientSecret,
  };
}

export function seen(transaction: Transaction, skew: number, now: number): Event {
  const { id, version, status, failure, message, review } = transaction;
  const expiresAt = Date.parse(transaction.expiresAt) - skew;
  const isOpen = status === 'initiated' || status === 'pending';
  return {
    name: isOpen && now >= expiresAt - ANSWER_MS ? 'overdue' : status,
    patch: {
      id,
      version,
      expiresAt,
      failure,
      message,
      review,
      phone: transaction.phoneNumber,
      receipt: transaction.mpesaReceiptNumber,
      paidAt: transaction.completedAt,
    },
  };
}

/** A payment that exists already is to be watched; `typed` is empty when another page has asked for it. */
export function opened(id: string, typed = ''): Event {
  return { name: 'resume', patch: { id, typed } };
}

export function retried(): Event {
  return { name: 'retry', patch: BLANK };
}

export function refused(problem: Problem | null, retryAt = 0): Event {
  return { name: 'refused', patch: { problem, retryAt } };
}

export type Step = 'pay' | 'sending' | 'wait' | 'retry' | 'another' | 'close' | 'done';

/** The one thing to do now, if any. */
export function stepOf(model: Model, now: number): Step | undefined {
  const { phase, failure } = model;
  const isEarly = now < waitEnds(model);
  if (phase === 'form') return isEarly ? 'wait' : 'pay';
  if (phase === 'sending') return phase;
  if (isDisputed(model)) return 'close';
  if (phase === 'failed') {
    if (failure?.retryable) return failure.nextStep === 'another_number' ? 'another' : 'retry';
    return isEarly && failure && failure.nextStep !== 'contact_business' ? 'wait' : 'close';
  }
  return phase === 'paid' ? 'done' : undefined;
}

export type Tone = 'choice' | 'mend' | 'wrong';

/** How alarming an end is: the customer's own choice, something to put right, or something wrong with the business. */
export function toneOf(model: Model): Tone | undefined {
  if (isDisputed(model)) return 'mend';
  if (model.phase !== 'failed') return undefined;
  if (model.failure?.reason === 'cancelled') return 'choice';
  return model.failure?.nextStep === 'contact_business' ? 'wrong' : 'mend';
}

/** The time of the prompt: it is on the phone, or it has ended and M-PESA's answer is awaited. */
export function promptEnds({ expiresAt }: Model): number {
  return expiresAt - ANSWER_MS;
}

/**
 * Until when another try would be refused. A failure known from questions alone is held until then at most (law: time);
 * the service says so by `retryable`, and by `nextStep` what may be done afterwards.
 */
export function waitEnds({ phase, expiresAt, retryAt }: Model): number {
  return phase === 'failed' ? expiresAt + LOCK_GRACE_MS : retryAt;
}

/**
 * Whether nothing more will come of a payment: it is paid and has its receipt, or it is settled and its time is over.
 * Until then a failure may still turn into a success, also after the service has closed its stream.
 */
export function isOver({ name, patch }: Event, now: number): boolean {
  const isLate = now >= (patch?.expiresAt ?? 0) + LOCK_GRACE_MS;
  return name === 'completed' ? isLate || !!patch?.receipt : name === 'failed' && isLate;
}

/** Whether another amount came than was asked for: money has moved, and yet the fee is not paid. */
export function isDisputed(model: Model): boolean {
  return model.review.includes('amount_differs');
}
