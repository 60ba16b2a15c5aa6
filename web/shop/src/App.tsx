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
  return <Stage config={config} />;
}

/** Both ends of a payment: side by side where there is room, else one of them with a bar to change. */
function Stage({ config: { simulatorUrl, token } }: { config: Config }) {
  const [shown, setShown] = useState<'shop' | 'phone'>('shop');
  const tab = (name: 'shop' | 'phone', label: string) => (
    <button type="button" aria-pressed={shown === name} onClick={() => setShown(name)}>
      {label}
    </button>
  );
  return (
    <main class={`stage shows-${shown}`}>
      <h1 class="unseen">The shop and the customer's phone</h1>
      <nav class="tabs" aria-label="What is shown">
        {tab('shop', 'The shop')}
        {tab('phone', "The customer's phone")}
      </nav>
      <iframe title="The shop" src="?view=shop" />
      <iframe
        class="beside"
        title="The customer's phone"
        src={`${simulatorUrl}/sim?view=phones&phone=${encodeURIComponent(DEMO_PHONE)}`}
      />
      <footer class="outside">
        <a href={`${simulatorUrl}/sim`} target="_blank" rel="noreferrer">
          All phones, the faults and the wire
        </a>
        <a href="/docs">The API</a>
        <details>
          <summary>A token for the API</summary>
          <code>export TOKEN={token}</code>
        </details>
      </footer>
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
