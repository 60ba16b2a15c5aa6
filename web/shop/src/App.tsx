import { useEffect, useState } from 'preact/hooks';
import { type Booking, type Config, readBooking, readConfig } from './api.js';
import { BookForm } from './BookForm.js';
import { BookingCard } from './BookingCard.js';

/** The demo's phone; the simulator's page makes it, with KES 10,000 and the PIN 1234. */
const DEMO_PHONE = '0712 345 678';
/** Where the booking is remembered, so that a reload finds it again. */
const REMEMBERED = 'pokea-demo:booking';

/**
 * Shop and phone side by side, each in a frame of its own: the checkout is a modal dialog, which closes off the whole
 * page that it is in, and the phone must stay in reach. `?view=shop` is the shop alone.
 */
export function App() {
  const [config, setConfig] = useState<Config>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    readConfig().then(setConfig, (failure: Error) => setProblem(failure.message));
  }, []);
  if (!config) return <p role="alert">{problem}</p>;
  if (new URLSearchParams(location.search).get('view') === 'shop') return <Shop config={config} />;
  const { simulatorUrl } = config;
  return (
    <main class="stage">
      <h1 class="unseen">The shop and the customer's phone</h1>
      <iframe title="The shop" src="?view=shop" />
      <div class="beside">
        <iframe
          title="The customer's phone"
          src={`${simulatorUrl}/sim?view=phones&phone=${encodeURIComponent(DEMO_PHONE)}`}
        />
      </div>
      <p class="outside">
        <a href={`${simulatorUrl}/sim`} target="_blank" rel="noreferrer">
          Open the phone with the faults and the wire
        </a>
      </p>
    </main>
  );
}

function Shop({ config }: { config: Config }) {
  const [booking, setBooking] = useState<Booking>();
  const [isNew, setIsNew] = useState(false);
  const [isRead, setIsRead] = useState(false);
  useEffect(() => {
    const id = sessionStorage.getItem(REMEMBERED);
    const found = id ? readBooking(config.token, id).catch(() => undefined) : Promise.resolve(undefined);
    void found.then((known) => {
      setBooking(known);
      setIsRead(true);
    });
  }, [config]);
  const booked = (made: Booking) => {
    sessionStorage.setItem(REMEMBERED, made.id);
    setIsNew(true);
    setBooking(made);
  };
  const again = () => {
    sessionStorage.removeItem(REMEMBERED);
    setBooking(undefined);
  };
  const shown = { config, phone: DEMO_PHONE, isNew, changed: setBooking, again };
  return (
    <div class="shop">
      <header>
        <p class="brand">Fundi</p>
        <p class="note">A shop of the Pokea demo. No real money moves.</p>
      </header>
      <main>
        {isRead && !booking && <BookForm config={config} booked={booked} />}
        {booking && <BookingCard key={booking.id} booking={booking} {...shown} />}
      </main>
    </div>
  );
}
