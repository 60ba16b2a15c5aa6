import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../../language.js';
import { readEvents, type ShopEvent } from './api.js';
import { TEXTS } from './texts.js';

const ASK_MS = 700;
/** So many of the newest are shown. */
const MOST = 50;

/** The events as they come, the newest first. */
export function EventLog() {
  const t = useWords(TEXTS);
  const events = useEvents();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled must be in reach of the keyboard
    <section class="events" aria-label={t.events} tabIndex={0}>
      <h2>{t.events}</h2>
      <p class="note">{events.length ? t.eventsNote : t.noEvents}</p>
      <ol>
        {events.map(({ id, type, timestamp, data }) => (
          <li key={id}>
            <time dateTime={timestamp}>
              {new Date(timestamp).toLocaleTimeString('en-GB', { timeZone: 'Africa/Nairobi' })}
            </time>
            <code>{type}</code>
            <span>
              {[data.amount && `KES ${data.amount.toLocaleString('en-KE')}`, data.receipt]
                .filter(Boolean)
                .join(', ')}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function useEvents(): ShopEvent[] {
  const [events, setEvents] = useState<ShopEvent[]>([]);
  useEffect(() => {
    let after = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const read = async () => {
      let isAll = true;
      try {
        const found = await readEvents(after);
        if (isOver) return;
        after = found.next;
        isAll = found.next >= found.latest;
        if (found.events.length)
          setEvents((known) => [...[...found.events].reverse(), ...known].slice(0, MOST));
      } catch {
        // A demo that is started anew is asked again.
      }
      if (!isOver) timer = setTimeout(read, isAll ? ASK_MS : 0);
    };
    void read();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  return events;
}
