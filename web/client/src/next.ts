import { WebhookRefused } from './errors.ts';
import { verifyWebhook, type WebhookEvent } from './webhooks.ts';

export type Handler = (event: WebhookEvent) => void | Promise<void>;

export interface WebhookRouteOptions {
  /** The endpoint's secret (`whsec_…`), or several while it is rotated; by default POKEA_WEBHOOK_SECRET. */
  readonly secrets?: string | readonly string[];
  /** What is done for an event, by its type: `'payment.completed'`; `'*'` is for all others. */
  readonly on: Readonly<Record<string, Handler>>;
}

const LONGEST_BODY_BYTES = 64 * 1024;

/**
 * A route handler of Next.js, and of anything else that takes a Request: `export const POST = webhookRoute({ on })`.
 *
 * It answers 204 when the handler is done, and 400 to what is not proved to be the service's. What a handler throws is
 * answered 500 by Next.js, and the service sends the event again; the same event may come twice.
 */
export function webhookRoute({ secrets, on }: WebhookRouteOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (Number(request.headers.get('content-length') ?? 0) > LONGEST_BODY_BYTES) {
      return new Response('An event is not that long.', { status: 413 });
    }
    const known = secrets ?? ownSecret();
    try {
      const event = await verifyWebhook(request.headers, new Uint8Array(await request.arrayBuffer()), known);
      await (on[event.type] ?? on['*'])?.(event);
    } catch (failure) {
      if (failure instanceof WebhookRefused) return new Response(failure.message, { status: 400 });
      throw failure;
    }
    return new Response(null, { status: 204 });
  };
}

/** Read when a message comes, and not when a build imports the route. */
function ownSecret(): string {
  const { process } = globalThis as { process?: { env: { POKEA_WEBHOOK_SECRET?: string } } };
  const secret = process?.env.POKEA_WEBHOOK_SECRET;
  if (!secret)
    throw new TypeError(
      'POKEA_WEBHOOK_SECRET is not set: it is what the service showed when the webhook was made.',
    );
  return secret;
}
