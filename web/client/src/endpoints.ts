import type { Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';
import {
  all,
  type Body,
  given,
  type Keyed,
  keyed,
  MOST_LISTED,
  pageOf,
  path,
  text,
  under,
} from './sending.ts';

type Schemas = components['schemas'];
/** An endpoint. Its `secret` stands in the answers of `create` and `rotate` only. */
export type Webhook = Schemas['WebhookBody'];
/** How far an object has come at an endpoint. */
export type Delivery = Schemas['DeliveryBody'];
/** How much a replay sends again. */
export interface Resent {
  readonly eventCount: number;
  readonly objectCount: number;
}

export interface WebhookOrder extends Omit<Body<'/api/v1/webhooks', 'post'>, 'latestOnly'>, Keyed {
  readonly latestOnly?: boolean;
}

export type WebhookChange = Body<'/api/v1/webhooks/{webhookId}', 'patch'>;

export interface DeliveriesQuery {
  readonly objectId?: string;
  readonly parked?: boolean;
}

export interface Replay extends Omit<Body<'/api/v1/webhooks/{webhookId}/replay', 'post'>, 'since' | 'until'> {
  readonly since?: string | Date;
  readonly until?: string | Date;
}

/** The addresses to which events are sent, and how far each has come. An admin's token is needed. */
export class Webhooks {
  readonly #api: Client<paths>;
  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Make an endpoint. Its `secret` stands in this answer only; keep it where the receiver reads it. */
  async create({ idempotencyKey, ...wanted }: WebhookOrder): Promise<Webhook> {
    const body = { latestOnly: false, ...wanted };
    return under(await this.#api.POST('/api/v1/webhooks', { body, ...keyed(idempotencyKey) }), 'webhook');
  }

  /** An endpoint as it stands. */
  async get(webhookId: string): Promise<Webhook> {
    return under(await this.#api.GET('/api/v1/webhooks/{webhookId}', path({ webhookId })), 'webhook');
  }

  /** All endpoints, newest first, asked for page by page as they are taken. */
  list(): AsyncGenerator<Webhook, void> {
    return all(async (cursor) => {
      const answer = await this.#api.GET('/api/v1/webhooks', {
        params: { query: { limit: MOST_LISTED, ...cursor } },
      });
      return pageOf(answer, 'webhooks');
    });
  }

  /** Change what is given; null takes the description away. */
  async update(webhookId: string, change: WebhookChange): Promise<Webhook> {
    const params = { ...path({ webhookId }), body: change };
    return under(await this.#api.PATCH('/api/v1/webhooks/{webhookId}', params), 'webhook');
  }

  /** Delete it; nothing is sent to it any more. */
  async delete(webhookId: string): Promise<void> {
    under(await this.#api.DELETE('/api/v1/webhooks/{webhookId}', path({ webhookId })), 'success');
  }

  /** Give it a new `secret`, which stands in this answer only. Both sign for a day, or as long as is given. */
  async rotate(
    webhookId: string,
    { idempotencyKey, expireInSeconds }: { readonly expireInSeconds?: number } & Keyed = {},
  ): Promise<Webhook> {
    const body = given({ expireInSeconds });
    const params = { ...keyed(idempotencyKey, { webhookId }), body };
    return under(await this.#api.POST('/api/v1/webhooks/{webhookId}/rotate', params), 'webhook');
  }

  /** Send it a `webhook.ping`, whatever its types; answers the id of the message. */
  async ping(webhookId: string): Promise<string> {
    return under(await this.#api.POST('/api/v1/webhooks/{webhookId}/ping', path({ webhookId })), 'eventId');
  }

  /** Send to a disabled endpoint again: all that waits (`disabled`), nothing of it (`now`), or from a time on. */
  async enable(webhookId: string, since: 'disabled' | 'now' | string | Date): Promise<Webhook> {
    const params = {
      ...path({ webhookId }),
      body: { from: since instanceof Date ? since.toISOString() : since },
    };
    return under(await this.#api.POST('/api/v1/webhooks/{webhookId}/enable', params), 'webhook');
  }

  /** How far each object has come at it, asked for page by page as they are taken. */
  deliveries(webhookId: string, { objectId, parked }: DeliveriesQuery = {}): AsyncGenerator<Delivery, void> {
    return all(async (cursor) => {
      const query = given({ object: objectId, parked, limit: MOST_LISTED, ...cursor });
      const answer = await this.#api.GET('/api/v1/webhooks/{webhookId}/deliveries', {
        params: { ...path({ webhookId }).params, query },
      });
      return pageOf(answer, 'deliveries');
    });
  }

  /** Send events again, with the same ids and bodies: all that it subscribes to, or those that fit. */
  async replay(webhookId: string, { since, until, ...fitting }: Replay = {}): Promise<Resent> {
    const body = given({ ...fitting, since: text(since), until: text(until) });
    const answer = await this.#api.POST('/api/v1/webhooks/{webhookId}/replay', {
      ...path({ webhookId }),
      body,
    });
    return { eventCount: under(answer, 'eventCount'), objectCount: under(answer, 'objectCount') };
  }
}
