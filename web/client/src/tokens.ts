/**
 * Bearer tokens signed with the secret that the service and the shop's back end share (POKEA_JWT_SECRET). A customer's
 * token opens that customer's own bookings and payments, and nothing else. Never sign in a browser.
 */

export const CUSTOMER_SCOPES = ['payments:write', 'payments:read', 'bookings:write'] as const;
const SHORTEST_SECRET = 32;
const RENEWED_BEFORE_SECONDS = 60;

export interface TokenOptions {
  readonly scopes?: readonly string[];
  readonly lifetimeSeconds?: number;
  /** Unix seconds; the machine's clock by default. */
  readonly now?: number;
}

/** A token for a customer, whose id is `subject`, or with other scopes. Throws TypeError for what is refused. */
export async function signToken(
  secret: string,
  subject: string,
  options: TokenOptions = {},
): Promise<string> {
  const { scopes = CUSTOMER_SCOPES, lifetimeSeconds = 3600, now = Date.now() / 1000 } = options;
  if (secret.length < SHORTEST_SECRET)
    throw new TypeError(`The secret needs ${SHORTEST_SECRET} characters or more.`);
  if (!subject || subject.length > 128) throw new TypeError('A subject is text of 1 to 128 characters.');
  const claims = { sub: subject, exp: Math.floor(now) + lifetimeSeconds, scope: scopes.join(' ') };
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => base64(encoded(JSON.stringify(part))))
    .join('.');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoded(secret), algorithm, false, ['sign']);
  return `${signed}.${base64(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoded(signed))))}`;
}

/** What gives a back end its admin's token, signed anew shortly before the last one expires. */
export function ownTokens(secret: string, subject = 'shop', lifetimeSeconds = 3600): () => Promise<string> {
  let kept: { token: Promise<string>; until: number } | undefined;
  return () => {
    const now = Date.now() / 1000;
    if (!kept || now >= kept.until) {
      const token = signToken(secret, subject, { scopes: ['admin'], lifetimeSeconds, now });
      kept = { token, until: now + lifetimeSeconds - RENEWED_BEFORE_SECONDS };
    }
    return kept.token;
  };
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

function base64(bytes: Uint8Array): string {
  const plain = btoa(String.fromCharCode(...bytes));
  return plain.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
