import { accepted, type Event, opened, refused } from '../core/model.js';
import type { Locale } from '../core/texts.js';
import type { Problem, PushBody, Pushed, Shown, Transaction } from '../core/wire.js';

const ROOT = '/api/v1/';
const PAYMENTS = 'payments/mpesa/';

/** What the checkout needs of the world; tests pass their own. */
export interface Ports {
  fetch: typeof fetch;
  now: () => number;
  /** Calls `lost` when the device loses its network, until `signal` is aborted. */
  offline: (lost: () => void, signal: AbortSignal) => void;
  /** Calls `back` when the page is looked at again or the network is back, until `signal` is aborted. */
  back: (back: () => void, signal: AbortSignal) => void;
  /** A fresh unguessable key for one attempt. */
  newKey: () => string;
  /** What survives a reload of this page. */
  storage: Pick<Storage, 'getItem' | 'setItem'>;
  /** Tells the page's developer of a mistake that only they can mend. */
  blame: (mistake: string) => void;
}

export interface Api {
  /** What is paid; or why it cannot be, with our code `unreachable` when the service does not answer. */
  book: (bookingId: string, token: string) => Promise<Shown | { problem: Problem }>;
  /** Sends a push; null when there was no answer that says what became of it. */
  push: (body: PushBody, key: string, token: string) => Promise<Event | null>;
  /** The payment; null when this bearer may not see it. Throws when there was no answer that says. */
  ask: (id: string, bearer: string) => Promise<Transaction | null>;
  /** Opens the events of a payment. Throws when there was no answer. */
  open: (id: string, bearer: string, lastId: string, signal: AbortSignal) => Promise<Response>;
  offline: Ports['offline'];
  back: Ports['back'];
  /** How far the service's clock is ahead of ours, in milliseconds. */
  skew: () => number;
}

/** The service answers a push within 50 s (law: push). */
const PUSH_PATIENCE_MS = 60_000;
const ASK_PATIENCE_MS = 10_000;

/** Where the service answers, without what people copy along: slashes at the end, and the root of the API. */
export function baseOf(written: string): string {
  return written.trim().replace(/(\/+(api(\/+v1)?)?)*$/, '');
}

export function createApi(ports: Ports, settings: () => { apiUrl: string; locale: Locale }): Api {
  let skew = 0;
  const base = () => baseOf(settings().apiUrl);
  const call = async (path: string, bearer: string, init: RequestInit): Promise<Response> => {
    const headers = {
      Authorization: `Bearer ${bearer}`,
      'Accept-Language': settings().locale,
      ...(init.headers as Record<string, string>),
    };
    const answer = await ports.fetch(base() + ROOT + path, { ...init, headers });
    const date = Date.parse(answer.headers.get('Date') ?? '');
    if (date) skew = date - ports.now();
    return answer;
  };
  return {
    skew: () => skew,
    offline: ports.offline,
    back: ports.back,
    open: (id, bearer, lastId, signal) =>
      call(`${PAYMENTS}status/${id}/events`, bearer, {
        headers: lastId ? { 'Last-Event-ID': lastId } : {},
        signal,
      }),
    ask: (id, bearer) =>
      within(ASK_PATIENCE_MS, async (signal) => {
        const answer = await call(`${PAYMENTS}status/${id}`, bearer, { signal });
        if (/40[134]/.test(`${answer.status}`)) return null;
        return (await answer.json()).transaction;
      }),
    book: (bookingId, token) =>
      within(ASK_PATIENCE_MS, async (signal) => {
        const answer = await call(`bookings/${encodeURIComponent(bookingId)}/checkout`, token, { signal });
        const { booking, words, code = 'unread' } = await answer.json().catch(() => ({}));
        if (words) return { booking, words };
        ports.blame(`${answer.url} answered ${answer.status} ${code}`);
        return { problem: { code: answer.status > 499 ? 'unreachable' : code } };
      }).catch(() =>
        // Without a preflight and unread, a call tells an origin that is refused from a network that is away.
        ports.fetch(`${base()}/healthz`, { mode: 'no-cors' }).then(
          () => {
            ports.blame(`${base()} refuses this page: see POKEA_ALLOWED_ORIGINS`);
            return { problem: { code: 'refused' } };
          },
          () => ({ problem: { code: 'unreachable' } }),
        ),
      ),
    push: (body, key, token) =>
      within(PUSH_PATIENCE_MS, async (signal) => {
        const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
        const init = { method: 'POST', headers, body: JSON.stringify(body), signal };
        const answer = await call(`${PAYMENTS}stkpush`, token, init);
        const wait = Number(answer.headers.get('Retry-After')) * 1000;
        return outcomeOf(answer.status, await answer.json(), skew, wait && ports.now() + wait);
      }).catch(() => null),
  };
}

async function within<T>(patienceMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const patience = new AbortController();
  const alarm = setTimeout(() => patience.abort(), patienceMs);
  try {
    return await work(patience.signal);
  } finally {
    clearTimeout(alarm);
  }
}

/**
 * What an answer to a push proves. Null: nothing, so the same call may be repeated under the same key and no other.
 * Of the answers of 500 and above only Daraja's own refusals say that no prompt was sent.
 */
export function outcomeOf(
  status: number,
  body: Partial<Problem> & { data?: Pushed },
  skew: number,
  retryAt: number,
): Event | null {
  const { code, transactionId } = body;
  if (status < 300 && body.data?.transactionId) return accepted(body.data, skew);
  if (!code || code === 'idempotency_in_flight') return null;
  if (status >= 500 && !code.startsWith('daraja_')) return null;
  if (code === 'already_paid') return { name: code, patch: { id: transactionId ?? '' } };
  // Its status says what became of it: a prompt that is out already, or one that Daraja has refused.
  return transactionId ? opened(transactionId) : refused(body as Problem, retryAt);
}
