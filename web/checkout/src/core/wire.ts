/** What the service answers: the parts that the checkout reads. */

export type Status = 'initiated' | 'pending' | 'completed' | 'failed';

export interface Failure {
  code: string | null;
  /** A slug such as `wrong_pin`; the texts go by it. */
  reason: string;
  message: string;
  /** Whether the customer may be asked to pay again. */
  retryable: boolean;
}

export interface Transaction {
  id: string;
  status: Status;
  bookingId: string;
  /** Masked, as it may be shown. */
  phoneNumber: string;
  mpesaReceiptNumber: string | null;
  failure: Failure | null;
  review: readonly string[];
  expiresAt: string;
  /** Grows with every change of the payment. */
  version: number;
}

/** `data` of a push that was accepted, or whose outcome is unknown (`checkoutRequestId` is null). */
export interface Pushed {
  transactionId: string;
  checkoutRequestId: string | null;
  clientSecret: string;
  expiresAt: string;
  phoneNumber: string;
  hint: string | null;
}

/** An error of the service's catalogue, or one of our own codes. */
export interface Problem {
  code: string;
  message: string;
  /** Why Daraja refused, by the same slugs as a failure's. */
  reason?: string | undefined;
  transactionId?: string | undefined;
}

export interface PushBody {
  phoneNumber: string;
  bookingId: string;
  amount: number;
  type: 'booking_fee';
}
