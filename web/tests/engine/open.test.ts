import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { baseOf } from '../../checkout/src/engine/api.js';
import { refusal } from '../fake-service.js';
import { BOOKING, pay, World } from './world.js';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.begin();
});
afterEach(() => world.end());

describe('the opened dialog', () => {
  test('has read what is paid and to whom', async () => {
    const checkout = await world.opened();
    expect(checkout.model.booking).toMatchObject({ businessName: 'FUNDI LTD', service: 'Plumbing' });
    expect(checkout.amount()).toBe(500);
    expect(world.blames).toEqual([]);
  });

  test('asks once, however often it is opened', async () => {
    const checkout = world.page();
    void checkout.open();
    void checkout.open();
    await world.until(() => checkout.model.words !== null);
    expect(world.service.requests.length).toBe(1);
  });

  test.each(['1,500', 'KES 500', '1500/-', Number.NaN, 400])(
    'asks for the fee of the booking, whatever the page says: %j; and the page is told',
    async (amount) => {
      world.amount = amount;
      const checkout = world.page();
      expect(checkout.amount()).toBe(amount === 400 ? 400 : 0);
      pay(checkout);
      await world.until(() => checkout.model.phase === 'waiting');
      expect(world.service.pushes[0]?.body.amount).toBe(500);
      if (!Number.isNaN(amount)) expect(world.blames).toEqual([`the fee is 500, not "${amount}"`]);
    },
  );

  test('needs no amount of the page', async () => {
    world.amount = '';
    const checkout = await world.waiting();
    expect(checkout.amount()).toBe(500);
    expect(world.blames).toEqual([]);
  });

  test('says at once that a fee is paid already', async () => {
    world.service.feeStatus = 'held';
    const checkout = await world.opened();
    expect(checkout.model).toMatchObject({ phase: 'paid', id: '' });
    expect(world.successes).toEqual(['']);
  });

  test.each([
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not_found'],
  ])(
    'says calmly to the customer, and plainly to the developer, that it was answered %i %s',
    async (status, code) => {
      world.service.bookingPlan = refusal(status, code);
      const checkout = world.page();
      void checkout.open();
      await world.until(() => checkout.model.problem !== null);
      expect(checkout.model).toMatchObject({ phase: 'form', problem: { code } });
      expect(world.blames).toEqual([
        expect.stringContaining(`/bookings/${BOOKING}/checkout answered ${status} ${code}`),
      ]);
      expect(world.errors).toMatchObject([{ code }]);
    },
  );

  test('tells a service that does not let this page call from a network that is away', async () => {
    const page = world.page();
    world.cors = false;
    pay(page);
    await world.until(() => page.model.problem !== null);
    expect(page.model).toMatchObject({ phase: 'form', problem: { code: 'refused' } });
    expect(world.blames.join()).toContain('POKEA_ALLOWED_ORIGINS');
    expect(world.service.pushes).toEqual([]);
  });
});

describe('the address of the service', () => {
  test.each(['', '/', '//', '/api/v1', '/api/v1/', '/api', '/api/', '/ ', '/api/v1//'])(
    'may have %j at its end',
    async (end) => {
      world.ending = end;
      const checkout = await world.waiting();
      expect(checkout.model.id).toBe('pay_1');
    },
  );

  test.each([
    ['https://pay.example.com/pokea/', 'https://pay.example.com/pokea'],
    ['https://pay.example.com/pokea/api/v1/', 'https://pay.example.com/pokea'],
    ['https://api.example.com', 'https://api.example.com'],
    ['https://pay.example.com/my-api', 'https://pay.example.com/my-api'],
    ['', ''],
    ['/', ''],
  ])('%j is %j', (written, base) => expect(baseOf(written)).toBe(base));
});

describe('a second click or Enter', () => {
  test('that meant what stood there before does not send', async () => {
    const checkout = world.page();
    checkout.type('0712345678');
    void checkout.open();
    checkout.submit();
    await world.pass(200);
    checkout.submit();
    expect(world.service.pushes).toEqual([]);
    expect(checkout.model.phase).toBe('form');
    await world.pass(600);
    checkout.submit();
    await world.until(() => checkout.model.phase === 'waiting');
  });

  test('on "Try again" does not send either', async () => {
    const checkout = await world.waiting();
    world.service.fail('pay_1');
    await world.until(() => checkout.model.phase === 'failed');
    checkout.retry();
    checkout.submit();
    checkout.submit();
    await world.pass(2000);
    expect(checkout.model).toMatchObject({ phase: 'form', text: '0712\xa0345\xa0678' });
    expect(world.service.pushes.length).toBe(1);
  });
});

describe('a page that is looked at again', () => {
  test('asks at once, though its stream has died without a sign', async () => {
    const checkout = await world.waiting();
    await world.until(() => world.service.lastEventIds.length === 1);
    await world.pass(1000);
    const asked = world.asked('pay_1');
    await world.pass(4000);
    expect(world.asked('pay_1')).toBe(asked);
    world.service.forget('pay_1');
    world.service.complete('pay_1');
    const lookedAt = Date.now();
    world.device.dispatchEvent(new Event('back'));
    await world.until(() => checkout.model.phase === 'paid');
    expect(Date.now() - lookedAt).toBeLessThan(1500);
    expect(world.asked('pay_1')).toBe(asked + 1);
  });

  test('asks no more once all is over', async () => {
    const checkout = await world.waiting();
    world.service.complete('pay_1');
    await world.until(() => checkout.model.phase === 'paid');
    const count = world.service.requests.length;
    world.device.dispatchEvent(new Event('back'));
    await world.pass(3000);
    expect(world.service.requests.length).toBe(count);
  });
});

describe('the number', () => {
  test('is shown as it was typed, and after a reload as far as the page keeps it', async () => {
    const checkout = await world.waiting();
    expect(checkout.model.typed).toBe('254712345678');
    const again = world.page();
    await world.until(() => again.model.phase === 'waiting');
    expect(again.model.typed).toBe('254712***678');
    expect(again.model.words).toEqual(checkout.model.words);
  });

  test("that another page has sent the request to is not taken for this page's", async () => {
    world.service.make('pay_other', BOOKING, '254722000535');
    const checkout = world.page();
    pay(checkout, '0733 000 000');
    await world.until(() => checkout.model.phase === 'waiting' && checkout.model.phone !== '');
    expect(checkout.model).toMatchObject({ typed: '', phone: '25472****535' });
  });
});

test('another language is spoken by the service too, at once', async () => {
  const checkout = await world.opened();
  const english = checkout.model.words?.retry;
  world.locale = 'sw';
  checkout.speak();
  await world.until(() => checkout.model.words?.retry !== english);
  expect(checkout.model.words?.retry).toBe('Jaribu tena');
});
