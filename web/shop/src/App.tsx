import { useEffect, useState } from 'preact/hooks';
import { type Booking, type Config, readBooking, readConfig } from './api.js';
import { BookForm } from './BookForm.js';
import { BookingCard } from './BookingCard.js';

/** The demo's phone; the simulator's page makes it, with KES 10,000 and the PIN 1234. */
const DEMO_PHONE = '0712345678';

/** The shop; beside it, where there is room, the phone that is asked for the money. */
export function App() {
  const [config, setConfig] = useState<Config>();
  const [booking, setBooking] = useState<Booking>();
  const [isNew, setIsNew] = useState(false);
  const [problem, setProblem] = useState('');

  useEffect(() => {
    const read = async () => {
      const known = await readConfig();
      const id = location.hash.slice(1);
      const found = id ? await readBooking(known.token, id).catch(() => undefined) : undefined;
      setBooking(found);
      setConfig(known);
    };
    read().catch((failure: Error) => setProblem(failure.message));
  }, []);

  const booked = (made: Booking) => {
    location.hash = made.id;
    setIsNew(true);
    setBooking(made);
  };
  const again = () => {
    history.replaceState(null, '', location.pathname);
    setBooking(undefined);
  };
  return (
    <div class="stage">
      <div class="shop">
        <header>
          <p class="brand">Fundi</p>
          <p class="note">A shop of the Pokea demo. No real money moves.</p>
        </header>
        <main>
          {problem && <p role="alert">{problem}</p>}
          {config && !booking && <BookForm config={config} booked={booked} />}
          {config && booking && (
            <BookingCard
              key={booking.id}
              config={config}
              booking={booking}
              phone={DEMO_PHONE}
              isNew={isNew}
              changed={setBooking}
              again={again}
            />
          )}
        </main>
      </div>
      {config && <PhoneBeside simulatorUrl={config.simulatorUrl} />}
    </div>
  );
}

function PhoneBeside({ simulatorUrl }: { simulatorUrl: string }) {
  return (
    <aside aria-label="The customer's phone">
      <iframe title="The customer's phone" src={`${simulatorUrl}/sim?view=phones&phone=${DEMO_PHONE}`} />
      <p>
        <a href={`${simulatorUrl}/sim`} target="_blank" rel="noreferrer">
          Open the phone, the faults and the wire
        </a>
      </p>
    </aside>
  );
}
