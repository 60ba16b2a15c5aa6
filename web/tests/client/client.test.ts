import { describe, expect, test } from 'vitest';
import {
  NoReply,
  NotPokea,
  NotReached,
  ownTokens,
  Pokea,
  StillOpen,
  signToken,
} from '../../client/src/index.ts';

const PAYMENT = { id: 'pay_1', status: 'pending' };
type Given = object | string | Error;

/** A client whose answers are given, and the requests that it made. */
function client(...given: Given[]): { pokea: Pokea; asked: Request[]; pauses: number[] } {
  const asked: Request[] = [];
  const pauses: number[] = [];
  let now = 0;
  const surroundings = {
    fetch: async (request: Request) => {
      asked.push(request);
      const next = given.length > 1 ? given.shift() : given[0];
      if (next instanceof Error) throw next;
      return new Response(typeof next === 'string' ? next : JSON.stringify(next), {
        status: typeof next === 'string' ? 502 : 200,
      });
    },
    pause: async (seconds: number) => {
      now += seconds * 1000;
      pauses.push(seconds);
    },
    chance: () => 0.5,
    now: () => now,
  };
  return {
    pokea: new Pokea({ url: 'https://pay.test/api/v1/', token: 'token', surroundings }),
    asked,
    pauses,
  };
}

const unsent = new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
const cut = new TypeError('fetch failed', { cause: { code: 'UND_ERR_SOCKET' } });

describe('Pokea', () => {
  test('calls the address with its token', async () => {
    const { pokea, asked } = client({ success: true, booking: { id: 'bk_1' } });
    await pokea.bookings.get('bk/1');
    expect(asked[0]?.url).toBe('https://pay.test/api/v1/bookings/bk%2F1');
    expect(asked[0]?.headers.get('Authorization')).toBe('Bearer token');
  });

  test.each(['', 'pay.test', 'ftp://pay.test', 'https://a:b@pay.test', 'https://pay.test/?x=1'])(
    'refuses %j as an address at once',
    (url) => expect(() => new Pokea({ url, token: 'token' })).toThrow(TypeError),
  );

  test('says that nothing was sent only when nothing ever was', async () => {
    await expect(client(unsent).pokea.bookings.create({ service: 'A' })).rejects.toThrow(NotReached);
    await expect(client(cut, unsent).pokea.bookings.create({ service: 'A' })).rejects.toThrow(NoReply);
    await expect(client('<html>').pokea.bookings.create({ service: 'A' })).rejects.toThrow(NoReply);
    await expect(client('<html>').pokea.bookings.get('bk_1')).rejects.toThrow(NotPokea);
  });

  test('repeats with growing pauses, the same key, and the same body', async () => {
    const { pokea, asked, pauses } = client(cut, cut, cut, { success: true, booking: { id: 'bk_1' } });
    await pokea.bookings.create({ service: 'Plumbing' });
    expect(pauses).toEqual([0.25, 0.75, 2.25]);
    expect(new Set(asked.map((each) => each.headers.get('Idempotency-Key'))).size).toBe(1);
    expect(await Promise.all(asked.map((each) => each.text()))).toEqual(
      Array(4).fill('{"service":"Plumbing"}'),
    );
  });

  test('waits for a payment while the service is away, and no longer than it is allowed', async () => {
    const done = client({ transaction: PAYMENT }, cut, cut, cut, cut, {
      transaction: { ...PAYMENT, status: 'failed' },
    });
    expect((await done.pokea.payments.wait('pay_1')).status).toBe('failed');
    const { pokea, pauses } = client({ transaction: PAYMENT });
    const failure = await pokea.payments.wait('pay_1', 10).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StillOpen);
    expect((failure as StillOpen).payment).toEqual(PAYMENT);
    expect(pauses.reduce((sum, each) => sum + each)).toBeCloseTo(10);
  });

  test('asks for the next page when the one before was taken', async () => {
    const { pokea, asked } = client(
      { transactions: [PAYMENT, PAYMENT], nextCursor: 'more' },
      { transactions: [PAYMENT], nextCursor: null },
    );
    const history = pokea.payments.history({ since: new Date(0), search: 'BK 1' });
    await history.next();
    await history.next();
    expect(asked).toHaveLength(1);
    expect((await history.next()).value).toEqual(PAYMENT);
    expect((await history.next()).done).toBe(true);
    expect(asked[1]?.url).toContain('cursor=more');
    expect(asked[1]?.url).toContain('from=1970-01-01T00%3A00%3A00.000Z');
  });

  test('refuses keys and ids that are none', async () => {
    const { pokea, asked } = client({});
    await expect(pokea.bookings.create({ service: 'A', idempotencyKey: 'é' })).rejects.toThrow(TypeError);
    await expect(pokea.payments.get('')).rejects.toThrow(TypeError);
    await expect(pokea.payments.push({ booking: 'bk_1', phone: '0712345678' })).rejects.toThrow(TypeError);
    expect(asked).toEqual([]);
  });
});

describe('tokens', () => {
  const SECRET = 'a-secret-for-tests-only-of-32-bytes';
  test('are signed as the service reads them', async () => {
    const token = await signToken(SECRET, 'amina', { now: 1_764_000_000 });
    const [head, claims, signature] = token.split('.').map((part) => Buffer.from(part, 'base64url'));
    expect(JSON.parse(String(head))).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(JSON.parse(String(claims))).toEqual({
      sub: 'amina',
      exp: 1_764_003_600,
      scope: 'payments:write payments:read bookings:write',
    });
    const { createHmac } = await import('node:crypto');
    const signed = token.slice(0, token.lastIndexOf('.'));
    expect(signature).toEqual(createHmac('sha256', SECRET).update(signed).digest());
  });

  test('of a back end are kept until they are about to expire', async () => {
    const token = ownTokens(SECRET);
    expect(await token()).toBe(await token());
    await expect(signToken('short', 'amina')).rejects.toThrow(TypeError);
    await expect(signToken(SECRET, '')).rejects.toThrow(TypeError);
  });
});
