import { useEffect, useState } from 'preact/hooks';
import { LanguageSwitch, Speaking, useLocale, useWords } from '../../language.js';
import { type Booking, type Config, readBooking, readConfig } from './api.js';
import { BookForm } from './BookForm.js';
import { BookingCard } from './BookingCard.js';
import { EventLog } from './EventLog.js';
import { TEXTS, TITLE } from './texts.js';

/** The demo's phone; the simulator's page makes it, with KES 10,000 and the PIN 1234. */
const DEMO_PHONE = '0712 345 678';
/** Where the booking is remembered, so that a reload finds it again. */
const REMEMBERED = 'pokea-demo:booking';

/**
 * Shop and phone side by side, each in a frame of its own: the checkout is a modal dialog, which closes off the whole
 * page that it is in, and the phone must stay in reach. `?view=shop` is the shop alone.
 */
export function App() {
  return (
    <Speaking title={TITLE}>
      <Demo />
    </Speaking>
  );
}

function Demo() {
  const t = useWords(TEXTS);
  const [config, setConfig] = useState<Config>();
  const [isAway, setIsAway] = useState(false);
  useEffect(() => {
    readConfig().then(setConfig, () => setIsAway(true));
  }, []);
  if (!config) return <p role="alert">{isAway && t.notHere}</p>;
  if (new URLSearchParams(location.search).get('view') === 'shop') return <Shop config={config} />;
  return <Stage config={config} />;
}

type Place = 'shop' | 'phone' | 'events';

/** Both ends of a payment, and what a back end hears of it: where there is no room, one of them with a bar to change. */
function Stage({ config: { simulatorUrl, token } }: { config: Config }) {
  const t = useWords(TEXTS);
  const locale = useLocale();
  const [shown, setShown] = useState<Place>('shop');
  const tab = (name: Place, label: string) => (
    <button type="button" aria-pressed={shown === name} onClick={() => setShown(name)}>
      {label}
    </button>
  );
  return (
    <main class={`stage shows-${shown}`}>
      <h1 class="unseen">{t.stage}</h1>
      <nav class="tabs" aria-label={t.shown}>
        {tab('shop', t.shop)}
        {tab('phone', t.phone)}
        {tab('events', t.events)}
      </nav>
      <iframe class="shop-frame" title={t.shop} src="?view=shop" />
      <iframe
        class="beside"
        title={t.phone}
        src={`${simulatorUrl}/sim?view=phones&phone=${encodeURIComponent(DEMO_PHONE)}&lang=${locale}`}
      />
      <EventLog />
      <footer class="outside">
        <a href={`${simulatorUrl}/sim`} target="_blank" rel="noreferrer">
          {t.allPhones}
        </a>
        <a href="docs">{t.api}</a>
        <details>
          <summary>{t.token}</summary>
          <code>export TOKEN={token}</code>
        </details>
      </footer>
    </main>
  );
}

function Shop({ config }: { config: Config }) {
  const t = useWords(TEXTS);
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
        <LanguageSwitch />
        <p class="note">{t.demo}</p>
      </header>
      <main>
        {isRead && !booking && <BookForm config={config} booked={booked} />}
        {booking && <BookingCard key={booking.id} booking={booking} {...shown} />}
      </main>
    </div>
  );
}
