import createClient, { type Client } from 'openapi-fetch';
import { Webhooks } from './endpoints.ts';
import { NoReply, NotReached, StillOpen } from './errors.ts';
import { Events } from './events.ts';
import { Payees, Payouts, type Refund, Refunds } from './out.ts';
import { repeating, type Surroundings } from './performing.ts';
import type { components, paths } from './schema.ts';
import {
  all,
  type Body,
  given,
  type Keyed,
  keyed,
  MOST_LISTED,
  type Page,
  pageOf,
  path,
  text,
  under,
} from './sending.ts';

type Schemas = components['schemas'];
export type Booking = Schemas['BookingBody'];
export type Payment = Schemas['Transaction'];
export type Push = Schemas['PushData'];
export type Link = Schemas['LinkBody'];
type HistoryQuery = NonNullable<paths['/api/v1/payments/mpesa/history']['get']['parameters']['query']>;

export interface PokeaOptions {
  /** Where the service is, with or without `/api/v1`. */
  readonly url: string;
  /** A bearer token, or what gives one for each call. */
  readonly token: string | (() => string | Promise<string>);
  /** What the client takes from its surroundings, for tests. */
  readonly surroundings?: Partial<Surroundings>;
}

const DEFAULT_WAIT_SECONDS = 180;
const pause = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));

/** A service and one caller of it. Calls throw PokeaError. */
export class Pokea {
  readonly url: string;
  readonly bookings: Bookings;
  readonly payments: Payments;
  readonly links: Links;
  readonly events: Events;
  readonly refunds: Refunds;
  readonly payouts: Payouts;
  readonly payees: Payees;
  readonly webhooks: Webhooks;

  constructor({ url, token, surroundings = {} }: PokeaOptions) {
    this.url = serviceAddress(url);
    const around = {
      fetch: (request: Request) => fetch(request),
      pause,
      chance: Math.random,
      now: Date.now,
      ...surroundings,
    };
    const api = createClient<paths>({ baseUrl: this.url, fetch: repeating(around) });
    api.use({
      onRequest: async ({ request }) => {
        request.headers.set('Authorization', `Bearer ${typeof token === 'string' ? token : await token()}`);
      },
    });
    this.bookings = new Bookings(api);
    this.payments = new Payments(api, around);
    this.links = new Links(api);
    this.events = new Events(api);
    this.refunds = new Refunds(api);
    this.payouts = new Payouts(api);
    this.payees = new Payees(api);
    this.webhooks = new Webhooks(api);
  }
}

/** What is paid for. */
export class Bookings {
  readonly #api: Client<paths>;
  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Make a booking; `amount` in whole shillings and `customerId` need an admin's token. */
  async create({ idempotencyKey, ...body }: Body<'/api/v1/bookings', 'post'> & Keyed): Promise<Booking> {
    const answer = await this.#api.POST('/api/v1/bookings', { body, ...keyed(idempotencyKey) });
    return under(answer, 'booking');
  }

  /** A booking as it stands. */
  async get(bookingId: string): Promise<Booking> {
    return under(await this.#api.GET('/api/v1/bookings/{bookingId}', path({ bookingId })), 'booking');
  }

  /** Say that the service was rendered: its fee is released, to a payee or to several where these are named. */
  async done(
    bookingId: string,
    order: Body<'/api/v1/bookings/{bookingId}/done', 'post'> & Keyed = {},
  ): Promise<Booking> {
    const { idempotencyKey, ...body } = order;
    const params = keyed(idempotencyKey, { bookingId });
    return under(await this.#api.POST('/api/v1/bookings/{bookingId}/done', { ...params, body }), 'booking');
  }

  /** Release a fee that is held or disputed. */
  async release(
    bookingId: string,
    order: Body<'/api/v1/bookings/{bookingId}/release', 'post'> & Keyed,
  ): Promise<Booking> {
    const { idempotencyKey, ...body } = order;
    const params = keyed(idempotencyKey, { bookingId });
    return under(
      await this.#api.POST('/api/v1/bookings/{bookingId}/release', { ...params, body }),
      'booking',
    );
  }

  /** Keep the fee from being released until a person decides. */
  async dispute(
    bookingId: string,
    order: Body<'/api/v1/bookings/{bookingId}/dispute', 'post'> & Keyed = {},
  ): Promise<Booking> {
    const { idempotencyKey, ...body } = order;
    const params = keyed(idempotencyKey, { bookingId });
    return under(
      await this.#api.POST('/api/v1/bookings/{bookingId}/dispute', { ...params, body }),
      'booking',
    );
  }

  /** Give the fee back, or a part of it. */
  async refund(
    bookingId: string,
    order: Body<'/api/v1/bookings/{bookingId}/refund', 'post'> & Keyed,
  ): Promise<Refund> {
    const { idempotencyKey, ...body } = order;
    const params = keyed(idempotencyKey, { bookingId });
    return under(await this.#api.POST('/api/v1/bookings/{bookingId}/refund', { ...params, body }), 'refund');
  }
}

/** Prompts to pay, and what became of them. */
export class Payments {
  readonly #api: Client<paths>;
  readonly #around: Surroundings;
  constructor(api: Client<paths>, around: Surroundings) {
    this.#api = api;
    this.#around = around;
  }

  /**
   * Prompt a phone for a booking's fee, once, however often the call has to be sent. With the id of a booking its fee
   * is needed as `amount`.
   */
  async push({ booking, phone, amount, idempotencyKey }: PushOrder): Promise<Push> {
    const isWhole = typeof booking !== 'string';
    const fee = amount ?? (isWhole ? booking.bookingFee.amount : undefined);
    if (fee === undefined) throw new TypeError('With the id of a booking its fee is needed as `amount`.');
    const bookingId = isWhole ? booking.id : booking;
    const body = { phoneNumber: phone, bookingId, amount: fee, type: 'booking_fee' as const };
    const answer = await this.#api.POST('/api/v1/payments/mpesa/stkpush', { body, ...keyed(idempotencyKey) });
    return under(answer, 'data');
  }

  /** A payment as it stands. */
  async get(transactionId: string): Promise<Payment> {
    const found = await this.#api.GET(
      '/api/v1/payments/mpesa/status/{transactionId}',
      path({ transactionId }),
    );
    return under(found, 'transaction');
  }

  /**
   * The payment once it is paid or has failed. Throws StillOpen after `timeoutSeconds`. While the service is away it is
   * asked again. A page should rather wait for the webhook.
   */
  async wait(paymentId: string, timeoutSeconds = DEFAULT_WAIT_SECONDS): Promise<Payment> {
    const until = this.#around.now() + timeoutSeconds * 1000;
    let payment: Payment | undefined;
    for (let usual = 0.25; ; usual = Math.min(usual * 1.5, 2)) {
      try {
        payment = await this.get(paymentId);
        if (payment.status === 'completed' || payment.status === 'failed') return payment;
      } catch (failure) {
        if (!(failure instanceof NotReached || failure instanceof NoReply)) throw failure;
      }
      const left = (until - this.#around.now()) / 1000;
      if (left <= 0) throw new StillOpen(paymentId, timeoutSeconds, payment);
      await this.#around.pause(Math.min(usual, left));
    }
  }

  /** A page of the history, newest first. `search` finds a receipt, a phone, or a booking's reference. */
  async page(query: History & { limit?: number; cursor?: string } = {}): Promise<HistoryPage> {
    const { search, since, until, ...rest } = query;
    const params = {
      query: given({ limit: MOST_LISTED, ...rest, q: search, from: text(since), to: text(until) }),
    };
    const answer = await this.#api.GET('/api/v1/payments/mpesa/history', { params });
    return { ...pageOf(answer, 'transactions'), ageSeconds: answer.data?.ageSeconds ?? 0 };
  }

  /** All payments of the history, newest first, asked for page by page as they are taken. */
  history(query: History = {}): AsyncGenerator<Payment, void> {
    return all((cursor) => this.page({ ...query, ...cursor }));
  }
}

export interface PushOrder extends Keyed {
  readonly booking: Booking | string;
  readonly phone: string;
  readonly amount?: number;
}

/** A page of the history; what it shows is so many seconds old at the most, 0 where it is as of now. */
export interface HistoryPage extends Page<Payment> {
  readonly ageSeconds: number;
}

export interface History {
  readonly status?: NonNullable<HistoryQuery['status']>;
  readonly since?: string | Date;
  readonly until?: string | Date;
  readonly bookingId?: string;
  readonly search?: string;
}

type LinkBody = Omit<Body<'/api/v1/links', 'post'>, 'once' | 'expiresAt'>;
export interface LinkOrder extends LinkBody, Keyed {
  readonly once?: boolean;
  readonly expiresAt?: string | Date;
}

export interface LinkChange {
  readonly title?: string;
  readonly active?: boolean;
  /** null for no end. */
  readonly expiresAt?: string | Date | null;
}

/** Addresses that anyone can send, to be paid at. */
export class Links {
  readonly #api: Client<paths>;
  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Make a link; without an `amount` the payer types it. */
  async create({ idempotencyKey, ...wanted }: LinkOrder): Promise<Link> {
    const body = given({ once: false, ...wanted, expiresAt: text(wanted.expiresAt) });
    return under(await this.#api.POST('/api/v1/links', { body, ...keyed(idempotencyKey) }), 'link');
  }

  /** A link as it stands. */
  async get(linkId: string): Promise<Link> {
    return under(await this.#api.GET('/api/v1/links/{linkId}', path({ linkId })), 'link');
  }

  /** All links, newest first, asked for page by page as they are taken. */
  list(): AsyncGenerator<Link, void> {
    return all(async (cursor) => {
      const params = { query: { limit: MOST_LISTED, ...cursor } };
      const answer = await this.#api.GET('/api/v1/links', { params });
      return pageOf(answer, 'links');
    });
  }

  /** Change what is given: switch it off or on, rename it, end it, or with null let it have no end. */
  async update(linkId: string, change: LinkChange): Promise<Link> {
    const body = given({ ...change, expiresAt: text(change.expiresAt) });
    return under(await this.#api.PATCH('/api/v1/links/{linkId}', { ...path({ linkId }), body }), 'link');
  }

  /** Delete it. Its bookings, payments and receipts stay. */
  async delete(linkId: string): Promise<void> {
    under(await this.#api.DELETE('/api/v1/links/{linkId}', path({ linkId })), 'success');
  }
}

function serviceAddress(url: string): string {
  const found = URL.canParse(url.trim()) ? new URL(url.trim()) : undefined;
  if (
    !found ||
    !/^https?:$/.test(found.protocol) ||
    found.username ||
    found.password ||
    found.search ||
    found.hash
  ) {
    throw new TypeError(`${JSON.stringify(url)} is no address of a service, such as https://pay.example.com`);
  }
  return found.href
    .replace(/\/+$/, '')
    .replace(/\/api\/v1$/, '')
    .replace(/\/+$/, '');
}
