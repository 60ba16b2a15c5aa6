import {
  type Event,
  isDisputed,
  isOver,
  type Model,
  opened,
  reduce,
  refused,
  retried,
  START,
  seen,
  submitted,
} from '../core/model.js';
import { readPhone, writtenPhone } from '../core/phone.js';
import type { Locale } from '../core/texts.js';
import type { Problem, PushBody, Transaction } from '../core/wire.js';
import { type Api, createApi, type Ports } from './api.js';
import { createMemory, type Kept, type Memory } from './memory.js';
import { watch } from './watch.js';

/** What ended without money, or has not begun; the same payment may still turn into a success. */
export interface PaymentError {
  code: string;
  reason: string;
  message: string;
  retryable: boolean;
  transactionId: string;
}

export interface Settings {
  bookingId: string;
  /** Whole shillings. */
  amount: number;
  apiUrl: string;
  locale: Locale;
  getToken: () => string | Promise<string>;
  onPaymentSuccess: (transactionId: string) => void;
  onPaymentError: (error: PaymentError) => void;
}

/** An attempt older than this is not repeated by itself: nobody wants a prompt long after. */
const FRESH_MS = 120_000;
/** How often the same push is repeated under its key while it has no answer; the last pauses are 8 s. */
const TRIES = 6;
/** What failures and problems have in common, so far as pages are told. */
interface Why {
  code: string | null;
  reason?: string | undefined;
  message?: string;
  retryable?: boolean;
}

const DISPUTE: Why = { code: 'amount_differs', retryable: false };
/** Our own code: the push has had no answer. */
const SILENCE = 'silence';

/** One booking's payment: what is shown of it, and everything that happens to it. It knows no DOM. */
export class Checkout {
  model: Model = START;
  readonly #settings: () => Settings;
  readonly #changed: () => void;
  readonly #ports: Ports;
  readonly #api: Api;
  readonly #memory: Memory;
  #stops: Record<string, () => void> = {};
  /** Grows with every start and stop, so that what was begun before a stop is not continued. */
  #life = 0;

  constructor(ports: Ports, settings: () => Settings, changed: () => void) {
    this.#ports = ports;
    this.#settings = settings;
    this.#changed = changed;
    this.#api = createApi(ports, settings);
    this.#memory = createMemory(ports.storage, () => settings().bookingId);
  }

  /** Begins, or resumes what this page was in the middle of before it was reloaded. */
  start(): void {
    const timer = setInterval(() => this.#tick(), 1000);
    this.#stops = { timer: () => clearInterval(timer) };
    const kept = this.#memory.load();
    if (kept.id) {
      this.#happen(opened(kept.id));
      this.reread();
    } else if (kept.body && this.#ports.now() - (kept.at ?? 0) < FRESH_MS) {
      this.#happen(submitted(kept.body.phoneNumber));
      void this.#send(kept);
    }
  }

  /** Stops watching; the payment itself goes on, and `start` resumes it. */
  stop(): void {
    this.#life++;
    for (const stop of Object.values(this.#stops)) stop();
    this.model = { ...START, text: this.model.text };
  }

  /** Reads the payment anew, also when the language has changed: some words are the service's. */
  reread(): void {
    const { id, secret } = this.#memory.load();
    if (id) this.#follow(id, secret);
  }

  /** Only in the form: when the field is taken from the page the browser speaks for it once more, amid the drawing. */
  type(text: string): void {
    if (this.model.phase === 'form') this.#show({ text, touched: false });
  }

  /** The customer has left the field: a right number is written out, a wrong one is complained about. */
  leave(): void {
    const { text, phase } = this.model;
    if (phase !== 'form') return;
    const { msisdn } = readPhone(text);
    this.#show({ touched: !!text, text: msisdn ? writtenPhone(msisdn) : text });
  }

  /** Asks for the payment, once, whatever is clicked. */
  submit(): void {
    this.leave();
    this.#show({ touched: true });
    const { msisdn } = readPhone(this.model.text);
    if (!msisdn || this.model.phase !== 'form' || this.now() < this.model.retryAt) return;
    const { bookingId, amount } = this.#settings();
    const body = { phoneNumber: msisdn, bookingId, amount, type: 'booking_fee' as const };
    const earlier = this.#memory.load();
    const isSame = JSON.stringify(earlier.body) === JSON.stringify(body);
    const key = (isSame && earlier.key) || this.#ports.newKey();
    const kept = { key, body, at: this.now() };
    this.#memory.save(kept);
    this.#happen(submitted(msisdn));
    void this.#send(kept);
  }

  retry(): void {
    this.#memory.save({});
    this.#happen(retried());
  }

  now(): number {
    return this.#ports.now();
  }

  /** Repeats the push under its key until an answer says what became of it. */
  async #send({ body, key }: Kept): Promise<void> {
    const life = this.#life;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const event = await this.#push(body as PushBody, key as string);
      if (life !== this.#life) return;
      if (event) return this.#answered(event);
      this.#show({ unanswered: true });
      await new Promise((resume) => setTimeout(resume, Math.min(1000 * 2 ** attempt, 8000)));
      if (life !== this.#life) return;
    }
    this.#happen(refused({ code: SILENCE, message: '' }));
  }

  async #push(body: PushBody, key: string): Promise<Event | null> {
    try {
      const token = await this.#settings().getToken();
      return await this.#api.push(body, key, token);
    } catch {
      return refused({ code: 'unauthenticated', message: '' });
    }
  }

  #answered(event: Event): void {
    const id = event.patch?.id;
    this.#memory.save(id ? { id, secret: event.secret } : {});
    this.#happen(event);
    this.reread();
  }

  /** Followed to its end, even when the customer has left it behind: it may still turn into a success. */
  #follow(id: string, secret: string | undefined): void {
    const api = this.#api;
    let bearer = secret;
    this.#stops[id]?.();
    this.#stops[id] = watch({
      api,
      id,
      now: () => this.now(),
      bearer: () => bearer || this.#settings().getToken(),
      online: (isOnline) => {
        if (this.model.offline === isOnline) this.#show({ offline: !isOnline });
      },
      seen: (transaction) => this.#seen(transaction),
      denied: () => {
        if (!bearer) this.#forget(null);
        bearer = '';
      },
    });
  }

  #seen(transaction: Transaction): boolean {
    if (transaction.bookingId !== this.#settings().bookingId) {
      this.#forget({ code: 'subscriber_locked', message: '' });
      return true;
    }
    const event = seen(transaction, this.#api.skew(), this.now());
    this.#happen(event);
    return isOver(event, this.now());
  }

  /** What was to be resumed cannot be seen, or is another booking's. */
  #forget(problem: Problem | null): void {
    if (this.model.phase !== 'loading') return;
    this.#memory.save({});
    this.#happen(refused(problem));
  }

  #tick(): void {
    const { phase, expiresAt, retryAt } = this.model;
    if (phase === 'waiting' && this.now() >= expiresAt) this.#happen({ name: 'overdue' });
    else if (phase === 'waiting' || phase === 'failed' || retryAt) this.#changed();
  }

  #happen(event: Event): void {
    const before = this.model;
    this.model = reduce(before, event);
    if (this.model === before) return;
    this.#changed();
    if (this.model.phase !== before.phase) this.#tellPage();
  }

  #tellPage(): void {
    const { phase, id, failure, problem } = this.model;
    const { onPaymentSuccess, onPaymentError } = this.#settings();
    const why: Why | null = isDisputed(this.model) ? DISPUTE : (failure ?? problem);
    if (why) {
      const { message = '', retryable = true } = why;
      const code = why.code ?? '';
      onPaymentError({ code, reason: why.reason ?? code, message, retryable, transactionId: id });
    } else if (phase === 'paid') onPaymentSuccess(id);
  }

  #show(patch: Partial<Model>): void {
    this.model = { ...this.model, ...patch };
    this.#changed();
  }
}
