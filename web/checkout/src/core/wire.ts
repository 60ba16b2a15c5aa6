/** What the service answers: the parts that the checkout reads. */

export type Status = 'initiated' | 'pending' | 'completed' | 'failed';

export interface Failure {
  code: string | null;
  /** A slug such as `wrong_pin`. */
  reason: string;
  /** Whether the customer may be asked to pay again now. */
  retryable: boolean;
  /** The one thing for the customer to do, once it may be done. */
  nextStep: 'try_again' | 'another_number' | 'contact_business';
}

export interface Transaction {
  id: string;
  status: Status;
  bookingId: string;
  /** Masked, as it may be shown. */
  phoneNumber: string;
  mpesaReceiptNumber: string | null;
  failure: Failure | null;
  /** What is known and what to do next, in the language that was asked for. */
  message: string;
  review: readonly string[];
  expiresAt: string;
  completedAt: string | null;
  /** Grows with every change of the payment. */
  version: number;
}

/**
 * Words that come with a booking: what the checkout says after its form. Their sentences stand in
 * `src/pokea/bookings/checkout_words.py`.
 */
export type Word =
  | 'how'
  | 'here'
  | 'empty'
  | 'digits'
  | 'foreign'
  | 'short'
  | 'long'
  | 'unanswered'
  | 'silence'
  | 'payment_in_progress'
  | 'too_many_requests'
  | 'to'
  | 'network'
  | 'waiting'
  | 'enter'
  | 'elsewhere'
  | 'left'
  | 'checking'
  | 'failed'
  | 'unsure'
  | 'retry'
  | 'another'
  | 'paid'
  | 'amount'
  | 'account'
  | 'slip'
  | 'settled'
  | 'receipt'
  | 'copy'
  | 'copied'
  | 'when'
  | 'from'
  | 'print'
  | 'later'
  | 'already'
  | 'uncharged'
  | 'extra'
  | 'done'
  | 'wait';

/** What is paid, and to whom. */
export interface Booking {
  /** What M-PESA's prompt shows as the account. */
  reference: string;
  service: string;
  /** The name that M-PESA's prompt shows; null where the service does not know it. */
  businessName: string | null;
  bookingFee: { amount: number; status: 'unpaid' | 'held' | 'released' | 'refunded' };
}

/** A booking as the checkout shows it. */
export interface Shown {
  booking: Booking;
  words: Readonly<Record<Word, string>>;
}

/** `data` of a push that was accepted, or whose outcome is unknown (`checkoutRequestId` is null). */
export interface Pushed {
  transactionId: string;
  checkoutRequestId: string | null;
  clientSecret: string;
  expiresAt: string;
  phoneNumber: string;
}

/** An error of the service's catalogue, or one of our own codes. */
export interface Problem {
  code: string;
  message?: string;
  transactionId?: string | undefined;
}

export interface PushBody {
  phoneNumber: string;
  bookingId: string;
  amount: number;
  type: 'booking_fee';
}
