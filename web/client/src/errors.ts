import type { components } from './schema.ts';

export type Problem = components['schemas']['Problem'];
/** A code of the catalogue (docs/errors.md), or one of a newer service. */
export type ProblemCode = Problem['code'] | (string & {});

/** The root of everything that the client throws on purpose. */
export class PokeaError extends Error {
  override name = 'PokeaError';
}

/** The service could not be reached, and nothing was sent. The call may be made again at any time. */
export class NotReached extends PokeaError {
  override name = 'NotReached';
}

/**
 * The call was sent and not answered, also not when it was repeated: it may have been done, and may yet be. The same
 * call with `idempotencyKey` is done once; without one, look first whether it was done.
 */
export class NoReply extends PokeaError {
  override name = 'NoReply';
  readonly idempotencyKey: string | undefined;
  constructor(message: string, idempotencyKey: string | undefined) {
    super(message);
    this.idempotencyKey = idempotencyKey;
  }
}

/** The answer has not the form of Pokea's: the address is another server's, or a proxy answered for it. */
export class NotPokea extends PokeaError {
  override name = 'NotPokea';
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The payment had not ended when the time was over; `payment` is how it stood then, and it goes on. */
export class StillOpen extends PokeaError {
  override name = 'StillOpen';
  readonly payment: components['schemas']['Transaction'] | undefined;
  constructor(id: string, seconds: number, payment: components['schemas']['Transaction'] | undefined) {
    super(`${id} has not ended within ${seconds} s; it may yet be paid.`);
    this.payment = payment;
  }
}

/** The message is not proved to be the service's, or is too old; answer it with 400 and do nothing else. */
export class WebhookRefused extends PokeaError {
  override name = 'WebhookRefused';
}

/**
 * The service refused the call. `code` does not change, `message` is for people, `errors` names fields, `extra` is what
 * else the answer says, such as `transactionId`, and `requestId` finds the call in the service's log.
 */
export class CallRefused extends PokeaError {
  override name = 'CallRefused';
  readonly status: number;
  readonly code: ProblemCode;
  readonly errors: Problem['errors'];
  readonly requestId: string;
  readonly retryAfterSeconds: number | undefined;
  readonly extra: Readonly<Record<string, unknown>>;
  constructor(status: number, problem: Problem) {
    const { success: _, message, code, errors, requestId, retryAfterSeconds, ...extra } = problem;
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
    this.extra = extra;
  }
}

/** The refusal that an answer is; undefined for one that is not in the service's form, as of a proxy. */
export function refusalOf(status: number, body: string): CallRefused | undefined {
  const found = parsed(body) as Partial<Problem> | null;
  const { success, code, message, errors } = found ?? {};
  if (success !== false || typeof code !== 'string' || typeof message !== 'string') return undefined;
  return new CallRefused(status, { requestId: '', ...found, errors: errors ?? [] } as Problem);
}

/** The value of a JSON text; null for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
