/** What the page knows, as one value; it changes by what the simulator says and by nothing else. */

import type { Accounts, Fault, Happening, MoneyOut, Prompt, Sms, Subscriber } from './wire.js';

/** What goes over the wire, by the names of its events; `fault` is one that took effect. */
export type What =
  | 'request'
  | 'response'
  | 'callback'
  | 'callback_answered'
  | 'result'
  | 'result_answered'
  | 'timeout_notice'
  | 'timeout_notice_answered'
  | 'fault';

/** One line of the wire log. */
export interface Line {
  number: number;
  at: string;
  /** To Daraja, or from it. */
  direction: 'in' | 'out';
  what: What;
  /** The call or the address that it is about, or the kind of a fault. */
  about: string;
  status: number | null | undefined;
  fault: string | null;
  body: unknown;
}

export interface State {
  /** Null before the first connection. */
  isConnected: boolean | null;
  subscribers: readonly Subscriber[];
  prompts: readonly Prompt[];
  faults: readonly Fault[];
  accounts: Accounts | null;
  /** What left the organisation, newest first. */
  moneyOut: readonly MoneyOut[];
  lines: readonly Line[];
  /** How far the simulator's clock is ahead of this page's, in milliseconds. */
  aheadMs: number;
}

export const NOTHING: State = {
  isConnected: null,
  subscribers: [],
  prompts: [],
  faults: [],
  accounts: null,
  moneyOut: [],
  lines: [],
  aheadMs: 0,
};

const LINES_KEPT = 200;
const MOVES_KEPT = 50;

/** The state after `happening`. */
export function after(state: State, { name, data }: Happening): State {
  const lines = withLine(state.lines, name, data);
  const next = lines === state.lines ? state : { ...state, lines };
  switch (name) {
    case 'prompt':
      return { ...next, prompts: withPrompt(next.prompts, data.prompt as Prompt) };
    case 'prompt_ended':
      return { ...next, prompts: next.prompts.filter((prompt) => prompt.id !== data.id) };
    case 'sms':
      return { ...next, subscribers: next.subscribers.map((one) => withSms(one, data)) };
    case 'subscriber':
      return { ...next, subscribers: withSubscriber(next.subscribers, data.subscriber as Subscriber) };
    case 'faults':
      return { ...next, faults: data.faults as Fault[] };
    case 'accounts':
      return { ...next, accounts: data.accounts as Accounts };
    case 'payout':
    case 'reversal':
    case 'sweep':
      return { ...next, moneyOut: withMove(next.moneyOut, name, data) };
    default:
      return next;
  }
}

/** The phones in the order in which they came, the changed one at its place, a new one last. */
export function withSubscriber(all: readonly Subscriber[], changed: Subscriber): Subscriber[] {
  const isKnown = all.some((one) => one.msisdn === changed.msisdn);
  return isKnown ? all.map((one) => (one.msisdn === changed.msisdn ? changed : one)) : [...all, changed];
}

function withPrompt(all: readonly Prompt[], added: Prompt): readonly Prompt[] {
  return [...all.filter((prompt) => prompt.id !== added.id), added];
}

function withMove(
  all: readonly MoneyOut[],
  kind: MoneyOut['kind'],
  data: Happening['data'],
): readonly MoneyOut[] {
  const receipt = data.receipt as string;
  if (all.some((move) => move.receipt === receipt)) return all;
  const about = String(data.msisdn ?? data.originalReceipt ?? data.account);
  return [{ kind, receipt, amount: data.amount as number, at: data.at, about }, ...all].slice(0, MOVES_KEPT);
}

function withSms(subscriber: Subscriber, data: Happening['data']): Subscriber {
  const isKnown = subscriber.messages.some(
    ({ text, receivedAt }) => text === data.text && receivedAt === data.receivedAt,
  );
  if (subscriber.msisdn !== data.msisdn || isKnown) return subscriber;
  return { ...subscriber, messages: [...subscriber.messages, data as unknown as Sms] };
}

function withLine(lines: readonly Line[], name: string, data: Happening['data']): readonly Line[] {
  const line = lineOf(name, data);
  if (!line) return lines;
  const number = (lines[0]?.number ?? 0) + 1;
  return [{ ...line, number, at: data.at }, ...lines].slice(0, LINES_KEPT);
}

function lineOf(what: string, data: Happening['data']): Omit<Line, 'number' | 'at'> | null {
  const fault = (data.fault as string | null | undefined) ?? null;
  const status = data.status as number | null | undefined;
  const { body } = data;
  switch (what) {
    case 'request':
      return { what, direction: 'in', about: `${data.method} ${data.path}`, status, fault, body };
    case 'response':
      return { what, direction: 'out', about: String(data.path), status, fault, body };
    case 'callback':
    case 'result':
    case 'timeout_notice':
      return { what, direction: 'out', about: String(data.url), status, fault, body };
    case 'callback_answered':
    case 'result_answered':
    case 'timeout_notice_answered':
      return { what, direction: 'in', about: '', status, fault, body: undefined };
    case 'fault': {
      const kind = String(data.kind);
      return { what, direction: 'out', about: kind, status, fault: kind, body: undefined };
    }
    default:
      return null;
  }
}
