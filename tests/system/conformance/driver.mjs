/** The client for TypeScript, called by names: a line of JSON in for each call, a line of what came of it out. */

import { createInterface } from 'node:readline';
import { CallRefused, NoReply, Pokea, PokeaError, verifyWebhook } from '../../../web/client/dist/index.js';

const snake = (name) => name.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
/** Arguments that stand by their place; all others are one object. */
const PLACES = {
  'bookings.get': ['bookingId'],
  'payments.get': ['paymentId'],
  'payments.wait': ['paymentId', 'timeoutSeconds'],
  'links.get': ['linkId'],
  'links.update': ['linkId', '*'],
  'links.delete': ['linkId'],
  'bookings.dispute': ['bookingId', '*'],
  'bookings.release': ['bookingId', '*'],
  'refunds.get': ['refundId'],
  'payees.get': ['payeeId'],
  'payees.update': ['payeeId', '*'],
  'webhooks.get': ['webhookId'],
  'webhooks.update': ['webhookId', '*'],
  'webhooks.delete': ['webhookId'],
  'webhooks.rotate': ['webhookId', '*'],
  'webhooks.ping': ['webhookId'],
  'webhooks.enable': ['webhookId', 'since'],
  'webhooks.deliveries': ['webhookId', '*'],
  'webhooks.replay': ['webhookId', '*'],
};

function placed(name, given) {
  const rest = { ...given };
  const places = PLACES[name] ?? ['*'];
  const named = places.map((place) => {
    const value = rest[place];
    delete rest[place];
    return value;
  });
  return places.map((place, at) => (place === '*' ? rest : named[at]));
}

async function performed({ url, token, name, arguments: given }) {
  if (name === 'verifyWebhook') {
    const { headers, body, secrets, now } = given;
    return verifyWebhook(headers, Uint8Array.from(Buffer.from(body, 'base64')), secrets, { now });
  }
  const [group, method] = name.split('.');
  const client = new Pokea({ url, token });
  const found = client[group][method](...placed(name, given));
  if (!found[Symbol.asyncIterator]) return (await found) ?? null;
  const all = [];
  for await (const each of found) all.push(each);
  return all;
}

function error(failure) {
  if (failure instanceof CallRefused) {
    const { code: kind, status, errors, extra, retryAfterSeconds } = failure;
    return { kind, status, extra, retryAfterSeconds, fields: errors.map(({ field }) => field) };
  }
  if (!(failure instanceof PokeaError)) return { kind: 'mistake', why: String(failure) };
  const key = failure instanceof NoReply ? { idempotencyKey: failure.idempotencyKey ?? null } : {};
  return { kind: snake(failure.name), status: failure.status ?? null, ...key };
}

for await (const line of createInterface({ input: process.stdin })) {
  const came = await performed(JSON.parse(line)).then(
    (value) => ({ value }),
    (failure) => ({ error: error(failure) }),
  );
  process.stdout.write(`${JSON.stringify(came)}\n`);
}
