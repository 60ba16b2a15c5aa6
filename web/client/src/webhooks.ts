import { parsed, WebhookRefused } from './errors.ts';

/** What happened. `id` is the key against duplicates: the same event may come twice. */
export interface WebhookEvent {
  readonly id: string;
  /** `object.past_tense`, such as `payment.completed`. */
  readonly type: string;
  readonly timestamp: string;
  readonly data: EventData;
  /** Whether it is about real money. */
  readonly livemode: boolean;
}

/** The object of an event as it stood at this version; what an object does not have is absent. */
export interface EventData {
  /** What it is: `payment`, `booking`, `refund`, `payout`, `endpoint`. */
  readonly object: string;
  readonly id: string;
  /** Rises by one with each event of the object. */
  readonly version: number;
  readonly bookingId?: string | null;
  readonly reference?: string | null;
  readonly status?: string | null;
  /** In shillings. */
  readonly amount?: number | null;
  readonly currency?: string | null;
  readonly receipt?: string | null;
  readonly review?: readonly string[];
  readonly [field: string]: unknown;
}

export interface VerifyOptions {
  /** Unix seconds; the machine's clock by default. */
  readonly now?: number;
  /** An older or newer message is refused: one that was recorded cannot be played again later. */
  readonly toleranceSeconds?: number;
}

type NamedHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | string[] | undefined>>;

const TOLERANCE_SECONDS = 300;
const MOST_SIGNATURES = 20;

/**
 * The event of a webhook that is proved to be the service's, as Standard Webhooks has it. `body` is what came, byte
 * for byte: a body that was parsed and written again has other bytes. `secrets` is the endpoint's secret (`whsec_…`),
 * or several while it is rotated. Throws WebhookRefused for a message that is not proved or too old.
 */
export async function verifyWebhook(
  headers: NamedHeaders,
  body: string | Uint8Array,
  secrets: string | readonly string[],
  { now = Date.now() / 1000, toleranceSeconds = TOLERANCE_SECONDS }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const [id, sentAt, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    headerOf(headers, name),
  );
  if (!id || !sentAt || !signatures)
    refuse('one of the headers webhook-id, -timestamp and -signature is missing');
  if (!/^[0-9]{1,12}$/.test(sentAt)) refuse('webhook-timestamp is not whole Unix seconds');
  if (Math.abs(now - Number(sentAt)) > toleranceSeconds) {
    refuse(`webhook-timestamp is more than ${toleranceSeconds} s from now; is this machine's clock right?`);
  }
  const keys = await Promise.all((typeof secrets === 'string' ? [secrets] : secrets).map(keyOf));
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const signed = joined(encoder.encode(`${id}.${sentAt}.`), bytes);
  const given = signatures.split(' ').slice(0, MOST_SIGNATURES).flatMap(signatureOf);
  const tried = keys.flatMap((key) => given.map((one) => crypto.subtle.verify('HMAC', key, one, signed)));
  if (!(await Promise.all(tried)).includes(true)) {
    refuse('no signature fits: the secret is another endpoint\u2019s, or the body is not as it was sent');
  }
  return eventOf(id, bytes);
}

const encoder = new TextEncoder();

function headerOf(headers: NamedHeaders, name: string): string | undefined {
  if (typeof headers.get === 'function') return (headers as Headers).get(name) ?? undefined;
  const [, found] = Object.entries(headers).find(([each]) => each.toLowerCase() === name) ?? [];
  return typeof found === 'string' ? found : undefined;
}

/** The bytes of a signature of our version; those of others, as of a version to come, are passed over. */
function signatureOf(part: string): Uint8Array<ArrayBuffer>[] {
  const [version, signature] = part.split(',', 2);
  const bytes = version === 'v1' && signature ? decoded(signature) : undefined;
  return bytes ? [bytes] : [];
}

function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = decoded(secret.trim().replace(/^whsec_/, ''));
  if (!bytes?.length)
    throw new TypeError('A webhook secret is `whsec_` and base64, as the service showed it.');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function decoded(base64: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4) return undefined;
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function eventOf(id: string, body: Uint8Array): WebhookEvent {
  const found = parsed(new TextDecoder().decode(body)) as Partial<WebhookEvent> | null;
  const { type, timestamp, data, livemode } = found ?? {};
  const isEvent =
    typeof type === 'string' &&
    typeof timestamp === 'string' &&
    typeof data?.object === 'string' &&
    typeof data.id === 'string' &&
    Number.isInteger(data.version);
  if (!isEvent) refuse('it is signed, and its body is no event');
  return { id, type, timestamp, data, livemode: livemode === true };
}

function refuse(why: string): never {
  throw new WebhookRefused(`The webhook is refused: ${why}.`);
}
