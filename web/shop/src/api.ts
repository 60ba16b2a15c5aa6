/**
 * The service as the shop uses it: its configuration and its bookings. A proxy may have it below a path, so addresses are
 * told from where the page is.
 */

export interface Config {
  /** A token of the demo's customer. */
  token: string;
  simulatorUrl: string;
  /** Whole shillings. */
  bookingFee: number;
}

export interface Booking {
  id: string;
  reference: string;
  service: string;
  status: string;
  bookingFee: { amount: number; status: 'unpaid' | 'held' | 'released' | 'refunded' };
}

/** What happened to an object, at one of its versions. */
export interface ShopEvent {
  sequence: number;
  id: string;
  type: string;
  timestamp: string;
  data: { id: string; version: number; amount?: number; receipt?: string | null };
}

async function call<T>(path: string, token: string, init: RequestInit = {}): Promise<T> {
  const headers = { Authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) };
  const answer = await fetch(path, { ...init, headers });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message ?? `The service answered ${answer.status}.`);
  return body as T;
}

export async function readConfig(): Promise<Config> {
  const answer = await fetch('demo/config.json', { cache: 'no-store' });
  if (!answer.ok) throw new Error(`The demo answered ${answer.status}.`);
  return (await answer.json()) as Config;
}

/** The events after a number, in order, and whether these are all. */
export async function readEvents(
  after: number,
): Promise<{ events: ShopEvent[]; next: number; latest: number }> {
  const answer = await fetch(`demo/events.json?limit=100&after=${after}`, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`The demo answered ${answer.status}.`);
  return await answer.json();
}

export async function makeBooking(token: string, service: string): Promise<Booking> {
  const init = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ service }),
  };
  return (await call<{ booking: Booking }>('api/v1/bookings', token, init)).booking;
}

export async function readBooking(token: string, id: string): Promise<Booking> {
  return (await call<{ booking: Booking }>(`api/v1/bookings/${encodeURIComponent(id)}`, token)).booking;
}
