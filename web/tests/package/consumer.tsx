/** Pages as other people write them, against the types that the package publishes. Compiled by the test beside it. */

import { BookingFeePaymentModal, type Locale, type PaymentError } from '@pokea/checkout';
import type { PokeaCheckout } from '@pokea/checkout/element';

const locale: Locale = 'sw';

export const whole = (
  <BookingFeePaymentModal
    bookingId="BKG-1"
    amount={500}
    open={true}
    onClose={() => undefined}
    onPaymentSuccess={(transactionId: string) => transactionId.length}
    onPaymentError={(error: PaymentError) => error.retryable && error.reason.length}
    apiUrl="https://pay.example.com"
    getToken={async () => 'a token'}
    locale={locale}
    phoneNumber="0712345678"
    description="Plumbing"
    theme="dark"
    className="checkout"
  />
);

export const least = (
  <BookingFeePaymentModal
    bookingId="BKG-1"
    open={false}
    onClose={() => undefined}
    onPaymentSuccess={() => undefined}
    getToken={() => 'a token'}
  />
);

export const incomplete = (
  // @ts-expect-error: what to do after the success is not optional
  <BookingFeePaymentModal bookingId="" amount={1} open onClose={() => undefined} getToken={() => ''} />
);

// @ts-expect-error: there are two languages
export const language: Locale = 'fr';

const element: PokeaCheckout | null = document.querySelector('pokea-checkout');
if (element) {
  element.getToken = () => 'a token';
  element.show();
  element.close();
  // @ts-expect-error: its works are its own
  element.draw();
}
