/** What the simulator's `/sim/api` says, as far as the page reads it. */

export const BEHAVIOURS = [
  'manual',
  'pay',
  'cancel',
  'ignore',
  'wrong_pin',
  'insufficient',
  'unreachable',
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

export interface Sms {
  from: string;
  text: string;
  /** The text is the simulator's, for want of M-PESA's. */
  ownWording: boolean;
  receivedAt: string;
}

export interface Subscriber {
  msisdn: string;
  balance: number;
  behaviour: Behaviour;
  messages: Sms[];
}

export interface Prompt {
  id: string;
  msisdn: string;
  amount: number;
  accountReference: string;
  expiresAt: string;
  text: string;
}

/** The organisation's accounts, in shillings. */
export interface Accounts {
  utility: number;
  merchant: number;
  working: number;
  settlement: number;
  charges: number;
}

/** Money that left the organisation for a phone. */
export interface MoneyOut {
  kind: 'payout' | 'reversal' | 'sweep';
  receipt: string;
  amount: number;
  at: string;
  /** The phone of a payout, the payment that a reversal undoes, the account that was swept. */
  about: string;
}

export interface Fault {
  id: number;
  kind: string;
}

/** An event of `/sim/api/events`; `data` differs by its name. */
export interface Happening {
  name: string;
  data: { at: string } & Record<string, unknown>;
}

/** The events that the page listens to. */
export const EVENTS = [
  'prompt',
  'prompt_ended',
  'sms',
  'request',
  'response',
  'callback',
  'callback_answered',
  'fault',
  'faults',
  'subscriber',
  'clock',
  'accounts',
  'payout',
  'reversal',
  'sweep',
  'result',
  'result_answered',
  'timeout_notice',
  'timeout_notice_answered',
] as const;
