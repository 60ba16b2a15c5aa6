import { BookingFeePaymentModal } from '@pokea/checkout';
import { type FormEvent, useState } from 'react';

interface Booking {
  id: string;
  reference: string;
  service: string;
  bookingFee: { amount: number };
}

/** Where Pokea runs: `?api=http://127.0.0.1:8000`. */
const API = new URLSearchParams(location.search).get('api') ?? 'http://127.0.0.1:8000';

async function makeBooking(token: string): Promise<Booking> {
  const answer = await fetch(`${API}/api/v1/bookings`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ service: 'Plumbing in Kilimani' }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body.booking;
}

/** What this tab is in the middle of, so that a reload goes on with it instead of booking again. */
const REMEMBERED = 'booking';

function remembered(): { booking: Booking; token: string } | null {
  return JSON.parse(sessionStorage.getItem(REMEMBERED) ?? 'null');
}

/** Books a plumber, then takes the fee. In an app of yours, your own server gives the page the token. */
export function App() {
  const [earlier] = useState(remembered);
  const [token, setToken] = useState(earlier?.token ?? '');
  const [booking, setBooking] = useState(earlier?.booking);
  const [open, setOpen] = useState(!!earlier);
  const [news, setNews] = useState('Paste a token of the customer: `pokea demo` prints one.');

  const book = (event: FormEvent) => {
    event.preventDefault();
    makeBooking(token.trim())
      .then((made) => {
        sessionStorage.setItem(REMEMBERED, JSON.stringify({ booking: made, token }));
        setBooking(made);
        setNews(`Booked as ${made.reference}.`);
        setOpen(true);
      })
      .catch((failure: Error) => setNews(failure.message));
  };
  return (
    <main>
      <h1>Plumbing in Kilimani</h1>
      {!booking && (
        <form onSubmit={book}>
          <label>
            Token of the customer{' '}
            <input required autoComplete="off" value={token} onChange={(event) => setToken(event.target.value)} />
          </label>
          <button type="submit">Book</button>
        </form>
      )}
      <p role="status">{news}</p>
      {booking && (
        <>
          <button type="button" onClick={() => setOpen(true)}>
            Pay the booking fee
          </button>
          <BookingFeePaymentModal
            bookingId={booking.id}
            description={booking.service}
            amount={booking.bookingFee.amount}
            open={open}
            onClose={() => setOpen(false)}
            onPaymentSuccess={(transactionId) => {
              sessionStorage.removeItem(REMEMBERED);
              setNews(transactionId ? `Paid: ${transactionId}.` : 'Paid before.');
            }}
            onPaymentError={({ reason }) => setNews(`Not paid yet: ${reason}.`)}
            apiUrl={API}
            getToken={() => token.trim()}
          />
        </>
      )}
    </main>
  );
}
