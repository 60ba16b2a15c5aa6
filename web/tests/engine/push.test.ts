import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal, TOKEN } from '../fake-service.js';
import { BOOKING, pay, World } from './world.js';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.begin();
});
afterEach(() => world.end());

describe('a push', () => {
  test('goes out once, with the whole order, however often the button is pressed', async () => {
    const checkout = world.page();
    pay(checkout);
    checkout.submit();
    checkout.submit();
    await world.until(() => checkout.model.phase === 'waiting');
    checkout.submit();
    await world.pass(3000);
    expect(world.service.pushes).toEqual([
      {
        key: 'key-1',
        language: 'en',
        body: { phoneNumber: '254712345678', bookingId: BOOKING, amount: 500, type: 'booking_fee' },
      },
    ]);
  });

  test('does not go out for a number that is wrong', async () => {
    const checkout = world.page();
    pay(checkout, '0712');
    await world.pass(1000);
    expect(checkout.model).toMatchObject({ phase: 'form', touched: true });
    expect(world.service.pushes).toEqual([]);
  });

  test('whose connection breaks is repeated under the same key, and makes one payment', async () => {
    world.service.plans = [{ kind: 'cut' }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.unanswered);
    await world.until(() => checkout.model.phase === 'waiting');
    expect(world.service.pushes.map(({ key }) => key)).toEqual(['key-1', 'key-1']);
    expect(world.service.payments.size).toBe(1);
    expect(world.errors).toEqual([]);
  });

  test.each([
    [500, 'internal_error'],
    [503, 'unavailable'],
    [409, 'idempotency_in_flight'],
  ])('answered with %i %s, which proves nothing, is repeated under the same key', async (status, code) => {
    world.service.plans = [{ kind: 'refuse', answer: refusal(status, code) }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'waiting');
    expect(world.service.pushes.map(({ key }) => key)).toEqual(['key-1', 'key-1']);
  });

  test('without any answer ends in the form with a plain word, and the next press uses the same key', async () => {
    const checkout = await world.opened();
    world.service.isDown = true;
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    expect(checkout.model.problem?.code).toBe('silence');
    world.service.isDown = false;
    checkout.submit();
    await world.until(() => checkout.model.phase === 'waiting');
    expect(new Set(world.service.pushes.map(({ key }) => key))).toEqual(new Set(['key-1']));
  });

  test('for another number after silence is another attempt with another key', async () => {
    const checkout = await world.opened();
    world.service.isDown = true;
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    world.service.isDown = false;
    pay(checkout, '0722 000 000');
    await world.until(() => checkout.model.phase === 'waiting');
    expect(world.service.pushes.at(-1)).toMatchObject({
      key: 'key-2',
      body: { phoneNumber: '254722000000' },
    });
  });

  test('does not go out to a service that has never answered this page, and that is no silence', async () => {
    world.service.isDown = true;
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    expect(checkout.model.problem?.code).toBe('unreachable');
    expect(world.service.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
    expect(world.blames).toEqual([]);
    world.service.isDown = false;
    checkout.submit();
    await world.until(() => checkout.model.phase === 'waiting');
    expect(world.service.pushes.length).toBe(1);
  });

  test.each([
    [502, 'daraja_refused'],
    [503, 'daraja_unavailable'],
    [409, 'subscriber_locked'],
  ])(
    'that Daraja refuses with %i %s fails as its payment does, and the next one has a new key',
    async (status, code) => {
      world.service.make('pay_0', BOOKING);
      world.service.fail('pay_0', { reason: code, code: null }, 'M-PESA is down.');
      world.service.plans = [{ kind: 'refuse', answer: refusal(status, code, { transactionId: 'pay_0' }) }];
      const checkout = world.page();
      pay(checkout);
      await world.until(() => checkout.model.phase === 'failed');
      expect(checkout.model.message).toBe('M-PESA is down.');
      expect(world.errors).toMatchObject([{ reason: code, message: 'M-PESA is down.', retryable: true }]);
      checkout.retry();
      await world.pass(600);
      checkout.submit();
      await world.until(() => checkout.model.phase === 'waiting');
      expect(world.service.pushes.map(({ key }) => key)).toEqual(['key-1', 'key-2']);
    },
  );

  test.each([
    [400, 'amount_mismatch'],
    [404, 'not_found'],
    [401, 'unauthenticated'],
  ])('refused with %i %s brings the form back, and the next one has a new key', async (status, code) => {
    world.service.plans = [{ kind: 'refuse', answer: refusal(status, code) }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    expect(checkout.model.problem?.code).toBe(code);
    expect(world.errors).toMatchObject([{ code, retryable: true }]);
    checkout.submit();
    await world.until(() => checkout.model.phase === 'waiting');
    expect(world.service.pushes.map(({ key }) => key)).toEqual(['key-1', 'key-2']);
  });

  test('refused for a while is not sent before that is over', async () => {
    const answer = refusal(429, 'too_many_requests', {}, { 'Retry-After': '30' });
    world.service.plans = [{ kind: 'refuse', answer }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    checkout.submit();
    await world.pass(20_000);
    expect(world.service.pushes.length).toBe(1);
    await world.pass(11_000);
    checkout.submit();
    await world.until(() => checkout.model.phase === 'waiting');
  });

  test('is not sent when the page has no token for the customer', async () => {
    world.token = () => Promise.reject(new Error('signed out'));
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    expect(checkout.model.problem?.code).toBe('unauthenticated');
    expect(world.service.pushes).toEqual([]);
  });

  test('whose outcome is unknown is checked, and never sent again', async () => {
    world.service.plans = [{ kind: 'unknown' }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'checking');
    await world.pass(60_000);
    expect(world.service.pushes.length).toBe(1);
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
  });

  test('for a fee that is paid shows it as paid', async () => {
    world.service.plans = [{ kind: 'refuse', answer: refusal(409, 'already_paid') }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'paid');
    expect(world.successes).toEqual(['']);
  });

  test('for a fee that is paid fetches the receipt where the service names the payment', async () => {
    world.service.make('pay_0', BOOKING);
    world.service.complete('pay_0', 'UKO1234567');
    const answer = refusal(409, 'already_paid', { transactionId: 'pay_0' });
    world.service.plans = [{ kind: 'refuse', answer }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.receipt === 'UKO1234567');
    expect(world.successes).toEqual(['pay_0']);
  });
});

describe('a payment that is already in progress', () => {
  test('is resumed with the token of the customer', async () => {
    const other = world.service.make('pay_other', BOOKING);
    other.secret = 'unknown to this tab';
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'waiting');
    expect(checkout.model.id).toBe('pay_other');
    world.service.complete('pay_other');
    await world.until(() => checkout.model.phase === 'paid');
    expect(world.successes).toEqual(['pay_other']);
  });

  test('for another booking is never shown as this one, paid or not', async () => {
    world.service.make('pay_elsewhere', 'BKG-2');
    world.service.complete('pay_elsewhere');
    const answer = refusal(409, 'payment_in_progress', { transactionId: 'pay_elsewhere' });
    world.service.plans = [{ kind: 'refuse', answer }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    expect(checkout.model.problem?.code).toBe('payment_in_progress');
    expect(world.successes).toEqual([]);
  });

  test('that the customer may not see is said to be open on the phone', async () => {
    world.service.plans = [{ kind: 'refuse', answer: refusal(409, 'payment_in_progress') }];
    const checkout = world.page();
    pay(checkout);
    await world.until(() => checkout.model.phase === 'form');
    expect(checkout.model.problem?.code).toBe('payment_in_progress');
  });
});

test('the token travels in the header, and neither it nor the secret in any address', async () => {
  const checkout = await world.waiting();
  await world.pass(3000);
  expect(world.service.requests.join()).not.toContain(TOKEN);
  expect(world.service.requests.join()).not.toContain('pcs_');
  expect(checkout.model).not.toHaveProperty('secret');
});
