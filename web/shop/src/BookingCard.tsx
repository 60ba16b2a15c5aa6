import { useEffect } from 'preact/hooks';
import { useLocale, useWords } from '../../language.js';
import { type Booking, type Config, readBooking } from './api.js';
import { TEXTS } from './texts.js';

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

/** The booking: its fee is paid with the drop-in, and then it goes on by itself. */
export function BookingCard({ config, booking, phone, isNew, changed, again }: Props) {
  const t = useWords(TEXTS);
  const locale = useLocale();
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
      <h1>{isPaid ? t.paidTitle : t.unpaidTitle}</h1>
      <dl>
        <dt>{t.service}</dt>
        <dd>{booking.service}</dd>
        <dt>{t.reference}</dt>
        <dd>{booking.reference}</dd>
        <dt>{t.fee}</dt>
        <dd>
          KES {booking.bookingFee.amount.toLocaleString('en-KE')}, {t[booking.bookingFee.status]}
        </dd>
      </dl>
      <ol class="steps">
        <li class="done">{t.booked}</li>
        <li class={isPaid ? 'done' : 'now'}>{isPaid ? t.paid : t.pay}</li>
        <li class={isPaid ? 'now' : ''}>{t.finding}</li>
      </ol>
      <pokea-checkout
        booking-id={booking.id}
        amount={booking.bookingFee.amount}
        description={booking.service}
        token={config.token}
        locale={locale}
        phone-number={phone}
        open={isNew}
        onpokea-success={refresh}
      >
        {isPaid && <span />}
      </pokea-checkout>
      {isPaid && (
        <button type="button" class="main" onClick={again}>
          {t.again}
        </button>
      )}
    </article>
  );
}
