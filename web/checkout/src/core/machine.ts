/**
 * The states of the checkout as a table: what each event leads to in each phase.
 * A cell that is not there means that the event is ignored in that phase.
 */

export type Phase = 'form' | 'sending' | 'loading' | 'waiting' | 'checking' | 'failed' | 'paid';

export type EventName =
  /** The customer asked to pay. */
  | 'submit'
  /** A payment that is already under way is to be watched. */
  | 'resume'
  /** The push was accepted: the prompt is on its way to the phone. */
  | 'accepted'
  /** The payment exists, and whether its push reached M-PESA is unknown. */
  | 'accepted_unknown'
  /** The service refused, and it is certain that this call moved nothing. */
  | 'refused'
  /** The fee was paid before. */
  | 'already_paid'
  /** The payment's status, by its name; `overdue` is an open payment whose prompt has ended. */
  | 'initiated'
  | 'pending'
  | 'overdue'
  | 'failed'
  | 'completed'
  /** The customer wants to try again after a failure. */
  | 'retry';

/**
 * `paid` is never left, and `failed` still listens: proof that money moved outranks any word that it did not.
 * From `waiting` and `checking` only the payment itself leads away, never a lost connection.
 */
export const TABLE: Readonly<Record<Phase, Readonly<Partial<Record<EventName, Phase>>>>> = {
  form: { submit: 'sending', resume: 'loading', already_paid: 'paid', completed: 'paid' },
  sending: {
    resume: 'loading',
    accepted: 'waiting',
    accepted_unknown: 'checking',
    refused: 'form',
    already_paid: 'paid',
    completed: 'paid',
  },
  loading: {
    refused: 'form',
    initiated: 'checking',
    pending: 'waiting',
    overdue: 'checking',
    failed: 'failed',
    completed: 'paid',
  },
  waiting: {
    initiated: 'waiting',
    pending: 'waiting',
    overdue: 'checking',
    failed: 'failed',
    completed: 'paid',
  },
  checking: {
    initiated: 'checking',
    pending: 'waiting',
    overdue: 'checking',
    failed: 'failed',
    completed: 'paid',
  },
  failed: { failed: 'failed', retry: 'form', completed: 'paid' },
  paid: { accepted: 'paid', accepted_unknown: 'paid', completed: 'paid' },
};
