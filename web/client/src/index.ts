export {
  type Booking,
  type History,
  type Keyed,
  type Link,
  type LinkChange,
  type LinkOrder,
  type Page,
  type Payment,
  Pokea,
  type PokeaOptions,
  type Push,
  type PushOrder,
} from './client.ts';
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
export type { Surroundings } from './performing.ts';
export { CUSTOMER_SCOPES, ownTokens, signToken, type TokenOptions } from './tokens.ts';
export { type EventData, type VerifyOptions, verifyWebhook, type WebhookEvent } from './webhooks.ts';
