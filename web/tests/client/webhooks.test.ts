import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { verifyWebhook, WebhookRefused } from '../../client/src/index.ts';
import { webhookRoute } from '../../client/src/next.ts';

const SECRET = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const EVENT = {
  type: 'payment.completed',
  timestamp: '2025-11-24T16:00:00Z',
  data: { object: 'payment', id: 'pay_01', version: 3, bookingId: 'bk_01', status: 'completed' },
  livemode: false,
};
const BODY = JSON.stringify(EVENT);

function signed(body = BODY, at = new Date()): Record<string, string> {
  return {
    'webhook-id': 'evt_pay_01_3',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Standard(SECRET).sign('evt_pay_01_3', at, body),
  };
}

describe('verifyWebhook', () => {
  test('takes what the libraries of Standard Webhooks and of Svix sign, and they agree', async () => {
    const at = new Date();
    const headers = signed(BODY, at);
    expect(new Svix(SECRET).sign('evt_pay_01_3', at, BODY)).toBe(headers['webhook-signature']);
    expect(new Standard(SECRET).verify(BODY, headers)).toEqual(EVENT);
    expect(await verifyWebhook(headers, BODY, SECRET)).toEqual({ id: 'evt_pay_01_3', ...EVENT });
  });

  test('takes headers as Fetch and as Node.js have them, and a body as text or as bytes', async () => {
    const bytes = new TextEncoder().encode(BODY);
    expect((await verifyWebhook(new Headers(signed()), bytes, SECRET)).id).toBe('evt_pay_01_3');
    expect((await verifyWebhook(signed(), BODY, [SECRET])).id).toBe('evt_pay_01_3');
  });

  test('refuses a body that was parsed and written again', async () => {
    await expect(verifyWebhook(signed(), JSON.stringify(EVENT, null, 1), SECRET)).rejects.toThrow(
      WebhookRefused,
    );
  });
});

describe('webhookRoute', () => {
  afterEach(() => vi.unstubAllEnvs());
  const request = (headers: HeadersInit, body = BODY) =>
    new Request('http://shop.test/pokea/webhook', { method: 'POST', headers, body });

  test('calls the handler of the type, waits for it, and answers 204', async () => {
    const seen: string[] = [];
    const POST = webhookRoute({
      secrets: SECRET,
      on: { 'payment.completed': async ({ id }) => void seen.push(id), '*': () => void seen.push('other') },
    });
    expect((await POST(request(signed()))).status).toBe(204);
    const failed = JSON.stringify({ ...EVENT, type: 'payment.failed' });
    expect((await POST(request(signed(failed), failed))).status).toBe(204);
    expect(seen).toEqual(['evt_pay_01_3', 'other']);
  });

  test('answers 400 to what is not proved, 413 to what is too long, and calls no handler', async () => {
    const POST = webhookRoute({ secrets: SECRET, on: { '*': () => expect.unreachable() } });
    const old = new Date(Date.now() - 3_600_000);
    expect((await POST(request(signed(BODY, old)))).status).toBe(400);
    expect((await POST(request({}))).status).toBe(400);
    expect((await POST(request({ ...signed(), 'content-length': '100000' }))).status).toBe(413);
  });

  test('throws what a handler throws, so that the event comes again', async () => {
    const POST = webhookRoute({ secrets: SECRET, on: { '*': () => Promise.reject(new Error('away')) } });
    await expect(POST(request(signed()))).rejects.toThrow('away');
  });

  test('reads POKEA_WEBHOOK_SECRET when a message comes, and says when it is not set', async () => {
    const POST = webhookRoute({ on: {} });
    vi.stubEnv('POKEA_WEBHOOK_SECRET', '');
    await expect(POST(request(signed()))).rejects.toThrow('POKEA_WEBHOOK_SECRET is not set');
    vi.stubEnv('POKEA_WEBHOOK_SECRET', SECRET);
    expect((await POST(request(signed()))).status).toBe(204);
  });
});
