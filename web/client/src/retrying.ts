import { type CallRefused, refusalOf } from './errors.ts';

/**
 * When a call is sent again: only where that cannot do anything twice.
 *
 * A call that was never sent did nothing. A call that reads changes nothing. A call with an Idempotency-Key is done
 * once, however often it is sent with this key. Everything else is sent again only after an answer which says that
 * nothing was changed. A refusal that names a payment is what became of this key: the same call is answered the same
 * for ever.
 */

/** What one attempt came to: an answer, or none, and then whether anything was sent. */
export type Attempted =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'unsent'; readonly why: string }
  | { readonly kind: 'unanswered'; readonly why: string };

/** What follows an attempt: a pause before the next, or the end; and whether this one may have done what was asked. */
export interface After {
  readonly pauseSeconds: number | undefined;
  readonly mayBeDone: boolean;
}

export const MOST_ATTEMPTS = 4;
/** Where the service says that the first call with this key is still being answered: a push may take 50 s. */
export const MOST_WHILE_IN_FLIGHT = 30;
/** A service that asks for a longer pause is not waited for: the caller gets the refusal, and the time in it. */
export const LONGEST_PAUSE_SECONDS = 5;
const FIRST_PAUSE_SECONDS = 0.25;
const GROWTH = 3;
const GATEWAY = [502, 503, 504];
const IN_FLIGHT = 'idempotency_in_flight';
const IN_DOUBT = ['outcome_unknown', IN_FLIGHT];
/** Codes that say that nothing was changed, and that waiting helps. */
const UNCHANGED = ['unavailable', 'daraja_unavailable', 'too_many_requests'];

/** What follows an attempt; `attempts` counts the sendings so far, `chance` from 0 to 1 spreads many clients. */
export function after(attempted: Attempted, attempts: number, repeatable: boolean, chance: number): After {
  const growing = Math.min(FIRST_PAUSE_SECONDS * GROWTH ** (attempts - 1), LONGEST_PAUSE_SECONDS / 1.5);
  const usual = growing * (0.5 + chance);
  if (attempted.kind === 'answered') return afterAnswer(attempted, attempts, usual, repeatable);
  const mayBeDone = attempted.kind === 'unanswered';
  const again = attempts < MOST_ATTEMPTS && (repeatable || !mayBeDone);
  return { pauseSeconds: again ? usual : undefined, mayBeDone };
}

function afterAnswer(
  answer: Attempted & { kind: 'answered' },
  attempts: number,
  usual: number,
  repeatable: boolean,
): After {
  const refusal = answer.status >= 300 ? refusalOf(answer.status, answer.body) : undefined;
  if (!refusal) {
    // A gateway's own page: what the service did behind it is not known.
    const inDoubt = GATEWAY.includes(answer.status);
    const again = inDoubt && attempts < MOST_ATTEMPTS && repeatable;
    return { pauseSeconds: again ? usual : undefined, mayBeDone: inDoubt };
  }
  const pause = Math.max(usual, refusal.retryAfterSeconds ?? 0);
  const most = refusal.code === IN_FLIGHT ? MOST_WHILE_IN_FLIGHT : MOST_ATTEMPTS;
  const again = attempts < most && pause <= LONGEST_PAUSE_SECONDS && isTemporary(refusal, repeatable);
  return { pauseSeconds: again ? pause : undefined, mayBeDone: IN_DOUBT.includes(refusal.code) };
}

function isTemporary(refusal: CallRefused, repeatable: boolean): boolean {
  if ('transactionId' in refusal.extra) return false;
  return IN_DOUBT.includes(refusal.code) ? repeatable : UNCHANGED.includes(refusal.code);
}
