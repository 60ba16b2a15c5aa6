import type { Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';
import { given, MOST_LISTED, under } from './sending.ts';

/** An event with its place in the list. */
export type ListedEvent = components['schemas']['EventBody'];

/** A part of the list, in the order of the numbers. It is read to its end when `next` is `latest`. */
export type EventPage = Omit<components['schemas']['EventsAnswer'], 'success' | 'environment'>;

export interface EventsQuery {
  /** Only events after this number; 0 for all that are kept. */
  readonly after?: number;
  /** Such as `payment.completed` or `payment.*`. */
  readonly eventType?: string;
  readonly objectId?: string;
}

/** What happened, as a list without a gap. */
export class Events {
  readonly #api: Client<paths>;
  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** The events after a number; keep `next`, and ask after it again. */
  async page({ after = 0, eventType, objectId, limit = MOST_LISTED }: EventsQuery & { limit?: number } = {}) {
    const params = { query: given({ after, type: eventType, object: objectId, limit }) };
    const answer = await this.#api.GET('/api/v1/events', { params });
    const page: EventPage = {
      events: under(answer, 'events'),
      next: under(answer, 'next'),
      latest: under(answer, 'latest'),
    };
    return page;
  }

  /** All events after a number until now, asked for page by page as they are taken. */
  async *list(query: EventsQuery = {}): AsyncGenerator<ListedEvent, void> {
    for (let after = query.after ?? 0; ; ) {
      const found = await this.page({ ...query, after });
      yield* found.events;
      after = found.next;
      if (after >= found.latest) return;
    }
  }
}
