import { NoReply, NotPokea, NotReached, parsed, refusalOf } from './errors.ts';
import { type Attempted, after } from './retrying.ts';

/** What the client takes from its surroundings; tests give others. */
export interface Surroundings {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly pause: (seconds: number) => Promise<void>;
  readonly chance: () => number;
  readonly now: () => number;
}

export const KEY_HEADER = 'Idempotency-Key';
/** A push is answered within 50 s, since Daraja may take 45 s. */
const TIMEOUT_SECONDS = 60;
const SERVICE_TROUBLE = ['internal_error', 'unavailable'];
/** What Node.js names as the cause when a connection was not made; a browser names none, and the call is in doubt. */
const UNSENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|CERT_.*|.*_CERT.*|UNABLE_TO_.*)$/;

/** A function for `fetch` that sends a request again where that is safe. Throws PokeaError for all but a success. */
export function repeating(around: Surroundings): (request: Request) => Promise<Response> {
  return async (request) => {
    const key = request.headers.get(KEY_HEADER) ?? undefined;
    const repeatable = key !== undefined || request.method === 'GET' || request.method === 'PATCH';
    let mayBeDone = false;
    for (let attempts = 1; ; attempts++) {
      const attempted = await attempt(around, request.clone());
      const next = after(attempted, attempts, repeatable, around.chance());
      mayBeDone ||= next.mayBeDone;
      if (next.pauseSeconds === undefined) return ended(attempted, request, key, mayBeDone);
      await around.pause(next.pauseSeconds);
    }
  };
}

async function attempt(around: Surroundings, request: Request): Promise<Attempted> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_SECONDS * 1000)]);
  try {
    const response = await around.fetch(new Request(request, { redirect: 'manual', signal }));
    return { kind: 'answered', status: response.status, body: await response.text() };
  } catch (failure) {
    request.signal.throwIfAborted();
    const cause = failure instanceof Error ? (failure.cause as { code?: unknown } | undefined) : undefined;
    const code = typeof cause?.code === 'string' ? cause.code : '';
    const why = code || (failure instanceof Error ? failure.message : String(failure));
    return { kind: UNSENT.test(code) ? 'unsent' : 'unanswered', why };
  }
}

/** The answer of a success. Throws for everything else what it means after all attempts. */
function ended(last: Attempted, request: Request, key: string | undefined, mayBeDone: boolean): Response {
  const doubt = mayBeDone && request.method !== 'GET';
  const what = `${request.method} ${new URL(request.url).pathname}`;
  if (last.kind === 'answered') {
    if (last.status >= 200 && last.status < 300) return readable(last.status, last.body);
    const refusal = refusalOf(last.status, last.body);
    if (refusal && !(doubt && SERVICE_TROUBLE.includes(refusal.code))) throw refusal;
    if (!doubt)
      throw new NotPokea(`${what} was answered ${last.status}, and not in Pokea's form.`, last.status);
  }
  if (last.kind === 'unsent' && !doubt) {
    throw new NotReached(
      `No service answers at ${new URL(request.url).origin}, and nothing was sent: ${last.why}.`,
    );
  }
  throw new NoReply(
    `${what} was sent and not answered${last.kind === 'answered' ? '' : `: ${last.why}`}.`,
    key,
  );
}

/** A success for openapi-fetch, which takes for granted that it is JSON. */
function readable(status: number, body: string): Response {
  if (parsed(body) === null) throw new NotPokea('The answer cannot be read: it is no JSON.', status);
  return new Response(body, { status, headers: { 'Content-Type': 'application/json' } });
}
