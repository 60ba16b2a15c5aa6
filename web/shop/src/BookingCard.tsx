import { useEffect } from 'preact/hooks';
import { type Booking, type Config, readBooking } from './api.js';

interface Props {
  config: Config;
  booking: Booking;
  phone: string;
  /** The customer has just booked, so the checkout opens by itself. */
  isNew: boolean;
  changed: (booking: Booking) => void;
  again: () => void;
}

const ASK_MS = 1000;

const FEE = {
  unpaid: 'unpaid',
  held: 'paid, held until the technician has come',
  released: 'paid',
  refunded: 'returned',
};

/** The booking: its fee is paid with the drop-in, and then it goes on by itself. */
export function BookingCard({ config, booking, phone, isNew, changed, again }: Props) {
  const isPaid = booking.bookingFee.status !== 'unpaid';
  const refresh = () => {
    readBooking(config.token, booking.id).then(changed, () => undefined);
  };
  // The checkout stays where it is once the fee is paid, since it shows the receipt; only its button goes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the booking is asked about until its fee is held
  useEffect(() => {
    if (isPaid) return;
    const timer = setInterval(refresh, ASK_MS);
    return () => clearInterval(timer);
  }, [booking.id, isPaid]);
  return (
    <article>
      <h1>{isPaid ? 'Finding you a technician' : 'One step left'}</h1>
      <dl>
        <dt>Service</dt>
        <dd>{booking.service}</dd>
        <dt>Booking</dt>
        <dd>{booking.reference}</dd>
        <dt>Fee</dt>
        <dd>
          KES {booking.bookingFee.amount.toLocaleString('en-KE')}, {FEE[booking.bookingFee.status]}
        </dd>
      </dl>
      <ol class="steps">
        <li class="done">Booked</li>
        <li class={isPaid ? 'done' : 'now'}>{isPaid ? 'Fee paid' : 'Pay the fee'}</li>
        <li class={isPaid ? 'now' : ''}>Finding a technician</li>
      </ol>
      <pokea-checkout
        booking-id={booking.id}
        amount={booking.bookingFee.amount}
        description={booking.service}
        token={config.token}
        phone-number={phone}
        open={isNew}
        onpokea-success={refresh}
      >
        {isPaid && <span />}
      </pokea-checkout>
      {isPaid && (
        <button type="button" class="main" onClick={again}>
          Book another
        </button>
      )}
    </article>
  );
}
