/** A checkout against the fake service over real HTTP, in a time that passes as fast as it can. */

import { vi } from 'vitest';
import type { Phase } from '../../checkout/src/core/machine.js';
import { Checkout, type PaymentError } from '../../checkout/src/engine/checkout.js';
import { FakeService, TOKEN } from '../fake-service.js';

export const BOOKING = 'BKG-1';
const STEP_MS = 250;
const LONGEST_MS = 400_000;

const realTimeout = setTimeout;

export class World {
  readonly service = new FakeService();
  readonly kept = new Map<string, string>();
  readonly successes: string[] = [];
  readonly errors: PaymentError[] = [];
  /** What the page's developer is told. */
  readonly blames: string[] = [];
  readonly phases: Phase[] = [];
  /** Fires `lost` when it loses its network, and `back` when it is looked at again. */
  readonly device = new EventTarget();
  token: () => string | Promise<string> = () => TOKEN;
  bookingId = BOOKING;
  amount: unknown = 500;
  storageWorks = true;
  locale: 'en' | 'sw' = 'en';
  /** What people leave at the end of the address. */
  ending = '';
  /** Whether the service lets this page's origin call it. */
  cors = true;
  #origin = '';
  #keys = 0;
  #open: Checkout[] = [];

  async begin(): Promise<void> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    this.#origin = await this.service.listen();
  }

  async end(): Promise<void> {
    for (const checkout of this.#open) checkout.stop();
    await this.service.close();
    vi.useRealTimers();
  }

  /** A page with a checkout in it. Another call is the same tab after a reload. */
  page(): Checkout {
    const storage = {
      getItem: (name: string) => this.#storage().get(name) ?? null,
      setItem: (name: string, value: string) => void this.#storage().set(name, value),
    };
    const ports = {
      fetch: this.#fetch,
      now: Date.now,
      storage,
      newKey: () => `key-${++this.#keys}`,
      blame: (mistake: string) => void this.blames.push(mistake),
      back: (back: () => void, signal: AbortSignal) => this.device.addEventListener('back', back, { signal }),
      offline: (lost: () => void, signal: AbortSignal) =>
        this.device.addEventListener('lost', lost, { signal }),
    };
    const settings = () => ({
      bookingId: this.bookingId,
      amount: this.amount,
      apiUrl: this.#origin + this.ending,
      locale: this.locale,
      getToken: this.token,
      onPaymentSuccess: (id: string) => void this.successes.push(id),
      onPaymentError: (error: PaymentError) => void this.errors.push(error),
    });
    const checkout: Checkout = new Checkout(ports, settings, () => {
      if (this.phases.at(-1) !== checkout.model.phase) this.phases.push(checkout.model.phase);
    });
    checkout.start();
    this.#open.push(checkout);
    return checkout;
  }

  /** A page on which the dialog has been opened and the booking read. */
  async opened(): Promise<Checkout> {
    const checkout = this.page();
    void checkout.open();
    await this.until(() => checkout.model.words !== null);
    await this.pass(1000);
    return checkout;
  }

  /** A page on which the customer has asked to pay and is waiting. */
  async waiting(): Promise<Checkout> {
    const checkout = this.page();
    pay(checkout);
    await this.until(() => checkout.model.phase === 'waiting');
    return checkout;
  }

  /** Lets time pass until `holds`; fails if it does not. */
  async until(holds: () => boolean): Promise<void> {
    for (let passed = 0; passed < LONGEST_MS; passed += STEP_MS) {
      // Real sockets need a moment in which no time passes.
      for (let turn = 0; turn < 5; turn++) {
        if (holds()) return;
        await new Promise((resume) => realTimeout(resume, 1));
      }
      await vi.advanceTimersByTimeAsync(STEP_MS);
    }
    throw new Error(`it did not happen within ${LONGEST_MS / 1000} s`);
  }

  async pass(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    await this.until(() => Date.now() >= end);
  }

  /** How often the status of a payment was asked for. */
  asked(id: string): number {
    return this.service.requests.filter((line) => line.endsWith(`/status/${id}`)).length;
  }

  /** A browser hands over no answer of a service that does not let the page call, but sends what is plain. */
  readonly #fetch: typeof fetch = (input, init) =>
    this.cors || init?.mode === 'no-cors'
      ? fetch(input, init)
      : Promise.reject(new TypeError('Failed to fetch'));

  #storage(): Map<string, string> {
    if (!this.storageWorks) throw new Error('storage is forbidden on this page');
    return this.kept;
  }
}

export function pay(checkout: Checkout, phone = '0712 345 678'): void {
  checkout.type(phone);
  checkout.submit();
}
