/** A small real HTTP server that speaks the service's contract, and whose payments the tests move by hand. */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Failure, Shown, Status, Transaction } from '../checkout/src/core/wire.js';

const ROOT = '/api/v1/payments/mpesa';
const CHECKOUT = /^\/api\/v1\/bookings\/([^/]+)\/checkout$/;
export const TOKEN = 'token-of-the-customer';
const PROMPT_MS = 120_000;

interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

interface Payment extends Transaction {
  secret: string;
  checkoutRequestId: string | null;
  streams: ServerResponse[];
  ended: boolean;
}

export interface Pushed {
  key: string;
  body: { phoneNumber: string; bookingId: string; amount: number; type: string };
  language: string | undefined;
}

/** What the next push meets; `hang` never answers, `cut` breaks the connection after the payment was made. */
export type PushPlan =
  | { kind: 'unknown' }
  | { kind: 'refuse'; answer: Answer }
  | { kind: 'cut' }
  | { kind: 'hang' };

/** The words that the service sends with a booking, read from where it keeps them: before it fills in the booking's own. */
export function wordsOf(language: 'en' | 'sw'): Shown['words'] {
  const file = `${import.meta.dirname}/../../src/pokea/bookings/checkout_words.py`;
  const [, dictionary] = new RegExp(`_${language.toUpperCase()}: Final = ({[^}]*})`).exec(
    readFileSync(file, 'utf8'),
  ) as unknown as [string, string];
  return JSON.parse(dictionary.replace(/,\s*}/, '}'));
}

export class FakeService {
  readonly payments = new Map<string, Payment>();
  /** Every push that arrived, repeated ones too. */
  readonly pushes: Pushed[] = [];
  /** Every request, as `GET /path`. */
  readonly requests: string[] = [];
  readonly lastEventIds: string[] = [];
  plans: PushPlan[] = [];
  streamsBlocked = false;
  /** Streams open, and bring nothing: what a proxy that buffers does. */
  streamsSilent = false;
  isDown = false;
  /** The fee of every booking, in whole shillings, and what became of it. */
  fee = 500;
  feeStatus: Shown['booking']['bookingFee']['status'] = 'unpaid';
  /** What a booking is answered with instead. */
  bookingPlan: Answer | undefined;
  promptMs = PROMPT_MS;
  /** How far this service's clock is ahead of the page's, in milliseconds. */
  aheadMs = 0;
  /** The other site whose pages may call, as `POKEA_ALLOWED_ORIGINS` says. */
  allowedOrigin = '';
  readonly #keys = new Map<string, { body: string; id: string }>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      response.setHeader('Date', new Date(Date.now() + this.aheadMs).toUTCString());
      void this.#answer(request, response);
    });
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resume) => this.#server.listen(port, '127.0.0.1', resume));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resume) => this.#server.close(resume));
  }

  /** A payment as another tab, or an earlier page, has made it. */
  make(id: string, bookingId: string, phoneNumber = '254712345678'): Payment {
    const payment: Payment = {
      id,
      status: 'pending',
      bookingId,
      phoneNumber: `${phoneNumber.slice(0, 5)}****${phoneNumber.slice(-3)}`,
      mpesaReceiptNumber: null,
      failure: null,
      message: 'Words of the service.',
      completedAt: null,
      review: [],
      expiresAt: new Date(Date.now() + this.aheadMs + this.promptMs).toISOString(),
      version: 2,
      secret: `pcs_${id}`,
      checkoutRequestId: `ws_CO_${id}`,
      streams: [],
      ended: false,
    };
    this.payments.set(id, payment);
    return payment;
  }

  /** Something is learnt of the payment: told to its streams as the service does. */
  tell(id: string, change: Partial<Transaction>): void {
    const payment = this.#payment(id);
    Object.assign(payment, change);
    payment.version++;
    for (const stream of payment.streams) stream.write(eventOf(payment));
  }

  complete(id: string, receipt: string | null = 'NLJ7RT61SV'): void {
    const completedAt = new Date().toISOString();
    this.tell(id, { status: 'completed', mpesaReceiptNumber: receipt, failure: null, completedAt });
  }

  fail(id: string, failure: Partial<Failure> = {}, message = 'It was cancelled.'): void {
    const full: Failure = {
      code: '1032',
      reason: 'cancelled',
      retryable: true,
      nextStep: 'try_again',
      ...failure,
    };
    this.tell(id, { status: 'failed', failure: full, message });
  }

  /** Closes the payment's streams for good, as `law: events` says. */
  end(id: string): void {
    const payment = this.#payment(id);
    payment.ended = true;
    for (const stream of payment.streams) stream.end('event: end\ndata: {}\n\n');
    payment.streams = [];
  }

  /** The streams of a payment stay open, and bring nothing more. */
  forget(id: string): void {
    this.#payment(id).streams = [];
  }

  cutStreams(): void {
    for (const payment of this.payments.values()) {
      for (const stream of payment.streams) stream.destroy();
      payment.streams = [];
    }
  }

  #payment(id: string): Payment {
    const payment = this.payments.get(id);
    if (!payment) throw new Error(`there is no payment ${id}`);
    return payment;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] as string;
    const [, booking] = CHECKOUT.exec(path) ?? [];
    if (path === '/healthz' && !this.isDown) return send(response, { status: 200, body: { status: 'ok' } });
    if (!path.startsWith(ROOT) && !booking && !this.isDown) return void response.writeHead(404).end();
    if (this.allowedOrigin) allow(response, this.allowedOrigin);
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    this.requests.push(`${request.method} ${path}`);
    if (this.isDown) return void request.socket.destroy();
    if (booking) return this.#book(booking, request, response);
    const rest = path.slice(ROOT.length);
    if (rest === '/stkpush') return this.#push(request, response);
    const [, id, events] = /^\/status\/([^/]+)(\/events)?$/.exec(rest) ?? [];
    const payment = this.payments.get(id ?? '');
    const bearer = request.headers.authorization;
    if (!payment || (bearer !== `Bearer ${payment.secret}` && bearer !== `Bearer ${TOKEN}`)) {
      return send(response, refusal(404, 'not_found'));
    }
    if (events) return this.#stream(payment, request, response);
    send(response, { status: 200, body: bodyOf(payment) });
  }

  #book(id: string, request: IncomingMessage, response: ServerResponse): void {
    const isCustomer = request.headers.authorization === `Bearer ${TOKEN}`;
    const planned = isCustomer ? this.bookingPlan : refusal(401, 'unauthenticated');
    if (planned) {
      send(response, planned);
      return;
    }
    const bookingFee = { amount: this.fee, status: this.feeStatus };
    const booking = { reference: `REF-${id}`, service: 'Plumbing', businessName: 'FUNDI LTD', bookingFee };
    const words = wordsOf(request.headers['accept-language'] === 'sw' ? 'sw' : 'en');
    const prompt = `${booking.businessName}, ${booking.reference}`;
    const enter = words.enter.replace('@', prompt).replace('$', `Ksh ${this.fee}`);
    send(response, { status: 200, body: { success: true, booking, words: { ...words, enter } } });
  }

  #stream(payment: Payment, request: IncomingMessage, response: ServerResponse): void {
    if (this.streamsBlocked) return void response.writeHead(502).end('<html>bad gateway</html>');
    const lastId = String(request.headers['last-event-id'] ?? '');
    this.lastEventIds.push(lastId);
    if (payment.ended) return void response.writeHead(204).end();
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.flushHeaders();
    if (this.streamsSilent) return;
    response.write(': here\n\n');
    if (Number(lastId) < payment.version) response.write(eventOf(payment));
    payment.streams.push(response);
    response.on('close', () => {
      payment.streams = payment.streams.filter((stream) => stream !== response);
    });
  }

  async #push(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyText(request);
    const key = String(request.headers['idempotency-key']);
    const body = JSON.parse(text) as Pushed['body'];
    this.pushes.push({ key, body, language: request.headers['accept-language'] });
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      return send(response, refusal(401, 'unauthenticated'));
    }
    const known = this.#keys.get(key);
    if (known) {
      if (known.body !== text) return send(response, refusal(422, 'idempotency_key_reused'));
      return send(response, { status: 201, body: pushBody(this.#payment(known.id)) });
    }
    const plan = this.plans.shift();
    if (plan?.kind === 'refuse') return send(response, plan.answer);
    const live = [...this.payments.values()].find(
      (one) => one.status === 'pending' && one.bookingId === body.bookingId,
    );
    if (live) return send(response, refusal(409, 'payment_in_progress', { transactionId: live.id }));
    const payment = this.make(`pay_${this.payments.size + 1}`, body.bookingId, body.phoneNumber);
    this.#keys.set(key, { body: text, id: payment.id });
    if (plan?.kind === 'unknown') {
      payment.status = 'initiated' satisfies Status;
      payment.checkoutRequestId = null;
    }
    if (plan?.kind === 'cut') return void request.socket.destroy();
    if (plan?.kind !== 'hang') send(response, { status: 201, body: pushBody(payment) });
  }
}

/** An error as the service's catalogue gives it. */
export function refusal(
  status: number,
  code: string,
  extra: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Answer {
  const message = `Words of the service for ${code}.`;
  return {
    status,
    headers,
    body: { success: false, message, code, errors: [], requestId: 'req_1', ...extra },
  };
}

function allow(response: ServerResponse, origin: string): void {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader(
    'Access-Control-Allow-Headers',
    'authorization, content-type, idempotency-key, last-event-id',
  );
  response.setHeader('Access-Control-Expose-Headers', 'Date, Retry-After');
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function bodyOf({
  secret,
  checkoutRequestId,
  streams,
  ended,
  ...transaction
}: Payment): Record<string, unknown> {
  return { success: true, transaction };
}

function pushBody(payment: Payment): Record<string, unknown> {
  const { id, checkoutRequestId, secret, expiresAt, phoneNumber } = payment;
  const data = {
    transactionId: id,
    checkoutRequestId,
    customerMessage: 'Success. Request accepted for processing',
    clientSecret: secret,
    expiresAt,
    phoneNumber,
  };
  return { success: true, message: 'STK Push sent successfully.', data };
}

function eventOf(payment: Payment): string {
  return `id: ${payment.version}\nevent: status\ndata: ${JSON.stringify(bodyOf(payment))}\n\n`;
}

async function bodyText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
