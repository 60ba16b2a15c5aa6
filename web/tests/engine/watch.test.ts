import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pay, World } from './world.js';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.begin();
});
afterEach(() => world.end());

describe('the result', () => {
  test('comes through the stream, without a question being asked meanwhile', async () => {
    const checkout = await world.waiting();
    await world.until(() => world.service.lastEventIds.length === 1);
    await world.pass(4000);
    const asked = world.asked('pay_1');
    await world.pass(6000);
    expect(world.asked('pay_1')).toBe(asked);
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
    expect(checkout.model.receipt).toBe('NLJ7RT61SV');
    expect(world.successes).toEqual(['pay_1']);
  });

  test.each(['streamsBlocked', 'streamsSilent'] as const)(
    'comes by asking when the stream is of no use: %s',
    async (how) => {
      world.service[how] = true;
      const checkout = await world.waiting();
      await world.pass(10_000);
      expect(world.asked('pay_1')).toBeGreaterThanOrEqual(4);
      world.service.complete('pay_1');
      await world.until(() => checkout.model.phase === 'paid');
    },
  );

  test('comes after the stream was cut, from where it was left', async () => {
    const checkout = await world.waiting();
    await world.until(() => world.service.lastEventIds.length === 1);
    world.service.cutStreams();
    await world.until(() => world.service.lastEventIds.length === 2);
    expect(world.service.lastEventIds).toEqual(['', '2']);
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
  });

  test('comes when the network is back, and meanwhile the page says that it is away', async () => {
    const checkout = await world.waiting();
    await world.pass(3000);
    world.service.isDown = true;
    world.service.cutStreams();
    await world.until(() => checkout.model.offline);
    expect(checkout.model.phase).toBe('waiting');
    world.service.complete('pay_1');
    world.service.isDown = false;
    await world.until(() => checkout.model.phase === 'paid');
    expect(checkout.model.offline).toBe(false);
  });

  test('is awaited with a word about the network as soon as the device has lost it', async () => {
    const checkout = await world.waiting();
    await world.until(() => world.service.lastEventIds.length === 1);
    await world.pass(3000);
    world.service.isDown = true;
    world.device.dispatchEvent(new Event('lost'));
    const lostAt = Date.now();
    await world.until(() => checkout.model.offline);
    expect(Date.now() - lostAt).toBeLessThan(2500);
    expect(checkout.model.phase).toBe('waiting');
  });

  test('comes although the stream went silent without being closed, as when a computer slept', async () => {
    const checkout = await world.waiting();
    await world.until(() => world.service.lastEventIds.length === 1);
    for (const payment of world.service.payments.values()) payment.streams = [];
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
  });

  test('is right although the clocks differ by hours', async () => {
    world.service.aheadMs = 5 * 3_600_000;
    const checkout = await world.waiting();
    const left = checkout.model.expiresAt - Date.now();
    expect(left).toBeGreaterThan(110_000);
    expect(left).toBeLessThanOrEqual(121_000);
    await world.pass(10_000);
    expect(checkout.model.phase).toBe('waiting');
  });

  test('is never a failure for want of an answer: past its prompt the payment is being checked', async () => {
    world.service.promptMs = 15_000;
    const checkout = await world.waiting();
    await world.until(() => checkout.model.phase !== 'waiting');
    expect(checkout.model.phase).toBe('checking');
    await world.pass(90_000);
    expect(checkout.model.phase).toBe('checking');
    expect(world.errors).toEqual([]);
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
  });

  test('takes in the receipt that a query did not bring', async () => {
    const checkout = await world.waiting();
    world.service.complete('pay_1', null);
    await world.until(() => checkout.model.phase === 'paid');
    expect(checkout.model.receipt).toBeNull();
    world.service.end('pay_1');
    world.service.tell('pay_1', { mpesaReceiptNumber: 'UKO1234567' });
    await world.until(() => checkout.model.receipt === 'UKO1234567');
    expect(world.successes).toEqual(['pay_1']);
  });
});

describe('a failure', () => {
  test('is told to the page, and may turn into a success before the customer has done anything', async () => {
    const checkout = await world.waiting();
    world.service.fail('pay_1', { reason: 'no_response', code: '1037' });
    await world.until(() => checkout.model.phase === 'failed');
    expect(world.errors).toEqual([
      {
        code: '1037',
        reason: 'no_response',
        message: 'It was cancelled.',
        retryable: true,
        transactionId: 'pay_1',
      },
    ]);
    await world.pass(30_000);
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
    expect(world.successes).toEqual(['pay_1']);
  });

  test('whose stream the service has ended still turns into a success', async () => {
    const checkout = await world.waiting();
    world.service.fail('pay_1');
    world.service.end('pay_1');
    await world.until(() => checkout.model.phase === 'failed');
    await world.pass(6000);
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
  });

  test('of another kind, a success with another amount, is told as no success', async () => {
    const checkout = await world.waiting();
    world.service.tell('pay_1', { status: 'completed', review: ['amount_differs'] });
    await world.until(() => checkout.model.phase === 'paid');
    expect(world.successes).toEqual([]);
    expect(world.errors).toMatchObject([
      { reason: 'amount_differs', retryable: false, transactionId: 'pay_1' },
    ]);
  });

  test('that is held allows another try once the service has ended its stream and says so', async () => {
    const checkout = await world.waiting();
    world.service.fail('pay_1', { retryable: false });
    await world.until(() => checkout.model.phase === 'failed');
    checkout.retry();
    expect(checkout.model.phase).toBe('failed');
    Object.assign(world.service.payments.get('pay_1')?.failure ?? {}, { retryable: true });
    world.service.end('pay_1');
    await world.until(() => checkout.model.failure?.retryable === true);
    checkout.retry();
    expect(checkout.model.phase).toBe('form');
  });

  test('is followed by another attempt with a key of its own, while the first is still watched', async () => {
    const checkout = await world.waiting();
    world.service.fail('pay_1');
    await world.until(() => checkout.model.phase === 'failed');
    checkout.retry();
    await world.pass(600);
    checkout.submit();
    await world.until(() => checkout.model.phase === 'waiting');
    expect(checkout.model.id).toBe('pay_2');
    expect(world.service.pushes.map(({ key }) => key)).toEqual(['key-1', 'key-2']);
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
    expect(world.successes).toEqual(['pay_1']);
  });
});

describe('the watching', () => {
  test('ends with the receipt', async () => {
    const checkout = await world.waiting();
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
    const count = world.service.requests.length;
    await world.pass(60_000);
    expect(world.service.requests.length).toBe(count);
  });

  test('of a failure goes on after the stream has ended, and is over with the lock', async () => {
    world.service.promptMs = 20_000;
    const checkout = await world.waiting();
    world.service.fail('pay_1');
    world.service.end('pay_1');
    await world.until(() => checkout.model.phase === 'failed');
    await world.pass(70_000);
    expect(world.asked('pay_1')).toBeGreaterThan(30);
    await world.pass(15_000);
    const count = world.service.requests.length;
    await world.pass(30_000);
    expect(world.service.requests.length).toBe(count);
  });

  test('does not hammer a service whose streams are refused', async () => {
    world.service.streamsBlocked = true;
    await world.waiting();
    await world.pass(60_000);
    const streams = world.service.requests.filter((line) => line.endsWith('/events')).length;
    expect(streams).toBeLessThanOrEqual(6);
    expect(world.asked('pay_1')).toBeLessThanOrEqual(36);
  });

  test('stops with the page', async () => {
    const checkout = await world.waiting();
    await world.pass(3000);
    checkout.stop();
    const count = world.service.requests.length;
    await world.pass(60_000);
    expect(world.service.requests.length).toBe(count);
  });
});

describe('a reload', () => {
  test('in the middle of the wait resumes the same payment', async () => {
    (await world.waiting()).stop();
    const again = world.page();
    expect(again.model.phase).toBe('loading');
    await world.until(() => again.model.phase === 'waiting');
    expect(again.model.id).toBe('pay_1');
    expect(world.service.pushes.length).toBe(1);
    world.service.complete('pay_1');
    await world.until(() => again.model.phase === 'paid');
  });

  test('while the push is out sends it again under the same key, so that there is one payment', async () => {
    world.service.plans = [{ kind: 'hang' }];
    const first = world.page();
    pay(first);
    await world.until(() => world.service.pushes.length === 1);
    first.stop();
    const again = world.page();
    expect(again.model.phase).toBe('sending');
    await world.until(() => again.model.phase === 'waiting');
    expect(world.service.pushes.map(({ key }) => key)).toEqual(['key-1', 'key-1']);
    expect(world.service.payments.size).toBe(1);
  });

  test('long after an attempt without an answer sends nothing by itself', async () => {
    world.service.isDown = true;
    const first = world.page();
    pay(first);
    await world.until(() => first.model.phase === 'form');
    first.stop();
    await world.pass(180_000);
    world.service.isDown = false;
    const count = world.service.pushes.length;
    const again = world.page();
    await world.pass(5000);
    expect(again.model.phase).toBe('form');
    expect(world.service.pushes.length).toBe(count);
  });

  test('a day later, when the secret reads nothing any more, asks with the token of the customer', async () => {
    (await world.waiting()).stop();
    const payment = world.service.payments.get('pay_1');
    if (payment) payment.secret = 'a new one';
    const again = world.page();
    await world.until(() => again.model.phase === 'waiting');
  });

  test('of a payment that is gone brings the form', async () => {
    (await world.waiting()).stop();
    world.service.payments.clear();
    const again = world.page();
    await world.until(() => again.model.phase === 'form');
    expect(again.model.problem).toBeNull();
    expect(world.errors).toEqual([]);
  });

  test('keeps neither the token nor, once the payment exists, the number', async () => {
    await world.waiting();
    const kept = [...world.kept.values()].join();
    expect(kept).toContain('pay_1');
    expect(kept).not.toContain('712345678');
    expect(kept).not.toContain('token');
  });

  test('of a page that may keep nothing is all that such a page loses', async () => {
    world.storageWorks = false;
    const checkout = await world.waiting();
    world.service.fail('pay_1');
    await world.until(() => checkout.model.phase === 'failed');
    expect(world.page().model.phase).toBe('form');
  });
});
