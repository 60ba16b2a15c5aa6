import { useState } from 'preact/hooks';
import { type Booking, type Config, makeBooking } from './api.js';
import { AREAS, SERVICES } from './services.js';

interface Props {
  config: Config;
  booked: (booking: Booking) => void;
}

/** What is to be repaired, and where. */
export function BookForm({ config, booked }: Props) {
  const [service, setService] = useState(SERVICES[0]?.name ?? '');
  const [area, setArea] = useState<string>(AREAS[0]);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const book = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setProblem('');
    try {
      booked(await makeBooking(config.token, `${service} in ${area}`));
    } catch (failure) {
      setProblem((failure as Error).message);
      setIsBusy(false);
    }
  };
  return (
    <form onSubmit={book}>
      <h1>Book a technician</h1>
      <fieldset>
        <legend>What needs fixing?</legend>
        <div class="services">
          {SERVICES.map(({ name, what, icon }) => (
            <label key={name} class="service">
              <input
                type="radio"
                name="service"
                checked={name === service}
                onChange={() => setService(name)}
              />
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d={icon} />
              </svg>
              <b>{name}</b>
              <small>{what}</small>
            </label>
          ))}
        </div>
      </fieldset>
      <label class="area">
        Where?
        <select value={area} onChange={(event) => setArea(event.currentTarget.value)}>
          {AREAS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p class="fee">
        <span>
          Booking fee
          <small>Held for you until the technician has come.</small>
        </span>
        <b>KES {config.bookingFee.toLocaleString('en-KE')}</b>
      </p>
      <p role="alert">{problem}</p>
      <button type="submit" class="main" aria-disabled={isBusy}>
        {isBusy ? 'Booking…' : 'Book and pay'}
      </button>
    </form>
  );
}
