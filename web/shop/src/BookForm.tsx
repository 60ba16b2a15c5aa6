import { useState } from 'preact/hooks';
import { useLocale, useWords } from '../../language.js';
import { type Booking, type Config, makeBooking } from './api.js';
import { AREAS, IN_AREA, SERVICES } from './services.js';
import { TEXTS } from './texts.js';

interface Props {
  config: Config;
  booked: (booking: Booking) => void;
}

/** What is to be repaired, and where. */
export function BookForm({ config, booked }: Props) {
  const t = useWords(TEXTS);
  const locale = useLocale();
  const [service, setService] = useState(SERVICES[0]);
  const [area, setArea] = useState<string>(AREAS[0]);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const book = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setProblem('');
    try {
      const name = service?.words[locale].name ?? '';
      booked(await makeBooking(config.token, IN_AREA[locale].replace('#', name).replace('@', area)));
    } catch (failure) {
      setProblem(failure instanceof TypeError ? t.unanswered : (failure as Error).message);
      setIsBusy(false);
    }
  };
  return (
    <form onSubmit={book}>
      <h1>{t.book}</h1>
      <fieldset>
        <legend>{t.what}</legend>
        <div class="services">
          {SERVICES.map((one) => (
            <label key={one.icon} class="service">
              <input type="radio" name="service" checked={one === service} onChange={() => setService(one)} />
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d={one.icon} />
              </svg>
              <b>{one.words[locale].name}</b>
              <small>{one.words[locale].what}</small>
            </label>
          ))}
        </div>
      </fieldset>
      <label class="area">
        {t.where}
        <select value={area} onChange={(event) => setArea(event.currentTarget.value)}>
          {AREAS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p class="fee">
        <span>
          {t.feeToBook}
          <small>{t.isHeld}</small>
        </span>
        <b>KES {config.bookingFee.toLocaleString('en-KE')}</b>
      </p>
      <p role="alert">{problem}</p>
      <button type="submit" class="main" aria-disabled={isBusy}>
        {isBusy ? t.booking : t.submit}
      </button>
    </form>
  );
}
