import type { Transaction } from '../core/wire.js';
import type { Api } from './api.js';
import { readEvents, type ServerEvent } from './stream.js';

const POLL_MS = 2_000;
/** The stream beats every 15 s; silent for longer, it is not trusted and the status is asked for instead. */
const TRUSTED_MS = 20_000;
/** A stream that has been silent for this long is dead, whatever the socket says: a laptop slept, a network changed. */
const DEAD_MS = 35_000;
const LONGEST_PAUSE_MS = 30_000;
export interface Watched {
  api: Api;
  id: string;
  now: () => number;
  bearer: () => string | Promise<string>;
  /** The payment as it stands; answers whether the watch is over. */
  seen: (transaction: Transaction) => boolean;
  /** The service does not show this payment to this bearer. */
  denied: () => void;
  online: (isOnline: boolean) => void;
}

/**
 * Watches one payment until it is over: by its stream, and by asking every 2 s while the stream brings nothing.
 * Returns how to stop.
 */
export function watch(watched: Watched): () => void {
  const { api, id, bearer, seen, denied, online } = watched;
  let isOver = false;
  let isAsking = false;

  const life = new AbortController();

  const stop = (): void => {
    isOver = true;
    life.abort();
    clearInterval(timer);
    stream.stop();
  };
  const tell = (transaction: Transaction): void => {
    if (!isOver && seen(transaction)) stop();
  };
  const ask = async (): Promise<void> => {
    isAsking = true;
    try {
      const transaction = await api.ask(id, await bearer());
      online(true);
      if (transaction) tell(transaction);
      else if (!isOver) denied();
    } catch {
      online(false);
    }
    isAsking = false;
  };
  const tick = (): void => {
    if (isOver) return;
    if (!stream.isTrusted() && !isAsking) void ask();
    stream.keepOpen();
  };
  const stream = lastingStream(watched, tell, tick);
  const timer = setInterval(tick, POLL_MS);
  // While the page was not looked at, its stream may have died without a sign.
  api.back(() => {
    stream.doubt();
    tick();
  }, life.signal);
  tick();
  return stop;
}

interface LastingStream {
  keepOpen: () => void;
  isTrusted: () => boolean;
  /** Trust it again only once it has brought something. */
  doubt: () => void;
  stop: () => void;
}

/** The stream of one payment, opened again when it was cut, at growing intervals while it brings nothing. */
function lastingStream(
  { api, id, now, bearer, online }: Watched,
  tell: (transaction: Transaction) => void,
  cut: () => void,
): LastingStream {
  let hasEnded = false;
  let current: AbortController | null = null;
  let lastId = '';
  let heardAt = 0;
  let openedAt = 0;
  let pause = 0;

  const heard = (): void => {
    heardAt = now();
    pause = 0;
    online(true);
  };
  const happened = ({ id, event, data }: ServerEvent): void => {
    lastId = id || lastId;
    if (event === 'end') hasEnded = true;
    if (event === 'status') tell(JSON.parse(data).transaction);
  };
  const listen = async (signal: AbortSignal): Promise<void> => {
    const answer = await api.open(id, await bearer(), lastId, signal);
    hasEnded ||= answer.status === 204;
    await readEvents(answer, heard, happened);
  };
  const closed = (): void => {
    current?.abort();
    current = null;
    heardAt = 0;
    pause = Math.min(pause * 2 + POLL_MS, LONGEST_PAUSE_MS);
    cut();
  };
  return {
    isTrusted: () => now() - heardAt < TRUSTED_MS,
    doubt: () => {
      heardAt = 0;
    },
    stop: () => current?.abort(),
    keepOpen: () => {
      if (current && now() - Math.max(heardAt, openedAt) > DEAD_MS) current.abort();
      if (current || hasEnded || now() - openedAt < pause) return;
      const opened = new AbortController();
      current = opened;
      // A stream over a network that is gone only falls silent; cut, it makes us ask, and say that nothing answers.
      api.offline(() => opened.abort(), opened.signal);
      openedAt = now();
      listen(opened.signal).then(closed, closed);
    },
  };
}
