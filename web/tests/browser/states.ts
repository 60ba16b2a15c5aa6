/** How to bring the checkout into each state that a customer can see. */

import type { Page } from 'playwright-core';
import { type FakeService, refusal } from '../fake-service.js';
import { BOOKING } from './stage.js';

type Bring = (page: Page, service: FakeService) => Promise<void>;

async function open(page: Page): Promise<void> {
  await page.locator('pokea-checkout button').first().click();
}

async function pay(page: Page, phone = '0712345678'): Promise<void> {
  await open(page);
  await page.getByRole('textbox').fill(phone);
  await page.locator('pokea-checkout dialog button.o').click();
}

async function payAndWait(page: Page, service: FakeService): Promise<string> {
  await pay(page);
  await page.getByRole('timer').waitFor();
  return [...service.payments.keys()].at(-1) as string;
}

async function heading(page: Page): Promise<void> {
  await page.locator('pokea-checkout h3').waitFor();
}

const failedBy =
  (reason: string, retryable = true, message = 'Words of the service.'): Bring =>
  async (page, service) => {
    const id = await payAndWait(page, service);
    service.fail(id, { reason, retryable, message });
    await page.locator('pokea-checkout .failed').waitFor();
  };

const refusedBy =
  (status: number, code: string, headers: Record<string, string> = {}): Bring =>
  async (page, service) => {
    service.plans = [{ kind: 'refuse', answer: refusal(status, code, {}, headers) }];
    await pay(page);
    await page.locator('pokea-checkout [role=status] .e').waitFor();
  };

export const STATES: Readonly<Record<string, Bring>> = {
  form: open,
  typed: async (page) => {
    await open(page);
    await page.getByRole('textbox').fill('+254 712 345678');
  },
  wrong: async (page) => {
    await open(page);
    await page.getByRole('textbox').fill('712');
  },
  sending: async (page, service) => {
    service.plans = [{ kind: 'hang' }];
    await pay(page);
  },
  unanswered: async (page, service) => {
    service.isDown = true;
    await pay(page);
    await page.getByText(/No answer yet|Bado hatujapata jibu/).waitFor();
  },
  waiting: async (page, service) => {
    await payAndWait(page, service);
  },
  offline: async (page, service) => {
    await payAndWait(page, service);
    service.isDown = true;
    service.cutStreams();
    await page.getByText(/No connection|Hakuna mtandao/).waitFor();
  },
  checking: async (page, service) => {
    service.plans = [{ kind: 'unknown' }];
    await pay(page);
    await heading(page);
  },
  review: async (page, service) => {
    const id = await payAndWait(page, service);
    service.tell(id, { review: ['amount_differs'] });
    await page.getByText(/A person is|yanachunguzwa/).waitFor();
  },
  cancelled: failedBy('cancelled'),
  'wrong-pin': failedBy('wrong_pin'),
  insufficient: failedBy('insufficient_funds'),
  'no-response': failedBy('no_response'),
  held: failedBy('no_response', false),
  'no-answer': failedBy('no_answer'),
  'not-retryable': failedBy('merchant_setup', false),
  paid: async (page, service) => {
    service.complete(await payAndWait(page, service));
    await page.locator('pokea-checkout .paid').waitFor();
  },
  'paid-no-receipt': async (page, service) => {
    service.complete(await payAndWait(page, service), null);
    await page.locator('pokea-checkout .paid').waitFor();
  },
  'already-paid': async (page, service) => {
    service.plans = [{ kind: 'refuse', answer: refusal(409, 'already_paid') }];
    await pay(page);
    await page.locator('pokea-checkout .paid').waitFor();
  },
  'mpesa-down': refusedBy(503, 'daraja_unavailable'),
  'phone-busy': refusedBy(409, 'subscriber_locked'),
  'too-many': refusedBy(429, 'too_many_requests', { 'Retry-After': '245' }),
  resumed: async (page, service) => {
    service.make('pay_other_tab', BOOKING);
    await pay(page);
    await page.getByRole('timer').waitFor();
  },
};
