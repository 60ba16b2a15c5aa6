export {
  type Booking,
  type History,
  type HistoryPage,
  type Link,
  type LinkChange,
  type LinkOrder,
  type Payment,
  Pokea,
  type PokeaOptions,
  type Push,
  type PushOrder,
} from './client.ts';
export type {
  DeliveriesQuery,
  Delivery,
  Replay,
  Resent,
  Webhook,
  WebhookChange,
  WebhookOrder,
} from './endpoints.ts';
export {
  CallRefused,
  NoReply,
  NotPokea,
  NotReached,
  PokeaError,
  type ProblemCode,
  StillOpen,
  WebhookRefused,
} from './errors.ts';
export type { EventPage, EventsQuery, ListedEvent } from './events.ts';
export type { Payee, PayeeChange, PayeeOrder, Payout, Refund } from './out.ts';
export type { Surroundings } from './performing.ts';
export type { Keyed, Page } from './sending.ts';
export { CUSTOMER_SCOPES, ownTokens, signToken, type TokenOptions } from './tokens.ts';
export { type EventData, type VerifyOptions, verifyWebhook, type WebhookEvent } from './webhooks.ts';
