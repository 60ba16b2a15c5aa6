import {
  type Event,
  isDisputed,
  isOver,
  type Model,
  opened,
  promptEnds,
  reduce,
  refused,
  retried,
  START,
  seen,
  submitted,
} from '../core/model.js';
import { wholeShillings } from '../core/money.js';
import { readField, writtenPhone } from '../core/phone.js';
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
  /** The page's word for the fee, in whole shillings; the booking's own counts once it has been read. */
  amount: unknown;
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
/** So soon after the form came up nobody has read it: a second click or Enter meant what stood there before. */
const HOLD_MS = 500;
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
const SIGNED_OUT: Problem = { code: 'unauthenticated' };

/** The page's token; null when the page has none, however it says so. */
async function call(getToken: Settings['getToken']): Promise<string | null> {
  try {
    return await getToken();
  } catch {
    return null;
  }
}

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
  #heldUntil = 0;
  #reading: Promise<Problem | null> | null = null;

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
    const { booking, words } = kept;
    if (booking && words) this.#show({ booking, words });
    if (kept.id) {
      this.#happen(opened(kept.id, kept.typed));
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
    const { text, booking, words } = this.model;
    this.model = { ...START, text, booking, words };
  }

  /** The dialog is shown: what is paid, and to whom, is read, so that no push goes to a service that does not answer. */
  async open(): Promise<void> {
    this.#hold();
    const problem = await this.#read();
    if (problem && problem.code !== 'unreachable' && this.model.phase === 'form') {
      this.#show({ problem });
      this.#tellPage();
    }
  }

  /** The fee in whole shillings; 0 while it is not known. */
  amount(): number {
    return this.model.booking?.bookingFee.amount ?? wholeShillings(this.#settings().amount);
  }

  /** Reads the payment anew. */
  reread(): void {
    const { id, secret } = this.#memory.load();
    if (id) this.#follow(id, secret);
  }

  /** Another language is spoken: the service's words are asked for anew. */
  speak(): void {
    this.reread();
    void this.#read();
  }

  /** Only in the form: when the field is taken from the page the browser speaks for it once more, amid the drawing. */
  type(text: string): void {
    if (this.model.phase === 'form') this.#show({ text, touched: false });
  }

  /** The customer has left the field: a right number is written out, a wrong one is complained about. */
  leave(): void {
    const { text, phase } = this.model;
    if (phase !== 'form') return;
    const { msisdn } = readField(text);
    this.#show({ touched: !!text, text: msisdn ? writtenPhone(msisdn) : text });
  }

  /** Asks for the payment, once, whatever is clicked. */
  submit(): void {
    if (this.now() < this.#heldUntil) return;
    this.leave();
    this.#show({ touched: true });
    const { msisdn } = readField(this.model.text);
    if (!msisdn || this.model.phase !== 'form' || this.now() < this.model.retryAt) return;
    this.#happen(submitted(msisdn));
    void this.#begin(msisdn);
  }

  /** Back to the form, where another number may be typed; it never sends by itself. */
  retry(text = this.model.text): void {
    this.#memory.save({});
    this.#happen(retried());
    this.#hold();
    this.type(text);
  }

  copied(): void {
    this.#show({ copied: true });
  }

  #shown(): Partial<Kept> {
    const { booking, words } = this.model;
    return booking && words ? { booking, words } : {};
  }

  now(): number {
    return this.#ports.now();
  }

  #hold(): void {
    this.#heldUntil = this.now() + HOLD_MS;
  }

  /** Reads the booking; answers why it cannot be paid. */
  #read(): Promise<Problem | null> {
    this.#reading ??= this.#look().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #look(): Promise<Problem | null> {
    const { bookingId, amount, getToken } = this.#settings();
    const token = await call(getToken);
    if (token === null) return SIGNED_OUT;
    const shown = await this.#api.book(bookingId, token);
    if (!('words' in shown)) return shown.problem;
    const { bookingFee } = shown.booking;
    if (amount && wholeShillings(amount) !== bookingFee.amount) {
      this.#ports.blame(`the fee is ${bookingFee.amount}, not "${amount}"`);
    }
    this.#show(shown);
    if (bookingFee.status !== 'unpaid') this.#happen({ name: 'already_paid' });
    return null;
  }

  async #begin(phoneNumber: string): Promise<void> {
    const life = this.#life;
    const problem = this.model.words ? null : await this.#read();
    if (life !== this.#life) return;
    if (problem) return this.#happen(refused(problem));
    const { bookingId } = this.#settings();
    const body = { phoneNumber, bookingId, amount: this.amount(), type: 'booking_fee' as const };
    const earlier = this.#memory.load();
    const isSame = JSON.stringify(earlier.body) === JSON.stringify(body);
    const key = (isSame && earlier.key) || this.#ports.newKey();
    const kept = { key, body, at: this.now(), ...this.#shown() };
    this.#memory.save(kept);
    void this.#send(kept);
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
    this.#happen(refused({ code: SILENCE }));
  }

  async #push(body: PushBody, key: string): Promise<Event | null> {
    const token = await call(this.#settings().getToken);
    return token === null ? refused(SIGNED_OUT) : this.#api.push(body, key, token);
  }

  #answered(event: Event): void {
    const id = event.patch?.id;
    // A push that was answered by another's payment has no number of ours.
    const typed = event.secret && this.model.typed.replace(/...(?=...$)/, '***');
    this.#memory.save(id ? { id, secret: event.secret, typed: typed ?? '', ...this.#shown() } : {});
    this.#happen(event);
    if (id) this.reread();
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
      this.#forget({ code: 'payment_in_progress' });
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
    const { phase, retryAt } = this.model;
    if (phase === 'waiting' && this.now() >= promptEnds(this.model)) this.#happen({ name: 'overdue' });
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
    const { phase, id, failure, problem, message: words } = this.model;
    const { onPaymentSuccess, onPaymentError } = this.#settings();
    const why: Why | null = isDisputed(this.model) ? DISPUTE : (failure ?? problem);
    if (why) {
      const { message = words, retryable = true } = why;
      const code = why.code ?? '';
      onPaymentError({ code, reason: why.reason ?? code, message, retryable, transactionId: id });
    } else if (phase === 'paid') onPaymentSuccess(id);
  }

  #show(patch: Partial<Model>): void {
    this.model = { ...this.model, ...patch };
    this.#changed();
  }
}
