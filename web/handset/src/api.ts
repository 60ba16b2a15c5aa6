/** The simulator's `/sim/api`, and nothing else. */

import {
  type Accounts,
  type Behaviour,
  EVENTS,
  type Fault,
  type Happening,
  type Prompt,
  type Subscriber,
} from './wire.js';

const ROOT = 'sim/api';

/** The simulator did not do what was asked; its code says why. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(ROOT + path, init).catch(() => {
    throw new Refusal('away');
  });
  const body = await answer.json();
  if (!answer.ok) throw new Refusal(body.code ?? `${answer.status}`);
  return body as T;
}

function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'Content-Type': 'application/json' };
  return call<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

export interface SubscriberChange {
  msisdn: string;
  balance?: number;
  pin?: string;
  behaviour?: Behaviour;
}

export const api = {
  subscribers: async () => (await call<{ subscribers: Subscriber[] }>('/subscribers')).subscribers,
  prompts: () => call<{ prompts: Prompt[]; now: string }>('/prompts'),
  faults: async () => (await call<{ faults: Fault[] }>('/faults')).faults,
  accounts: async () => (await call<{ accounts: Accounts }>('/accounts')).accounts,
  setAccounts: (accounts: Partial<Accounts>) => post<unknown>('/accounts', accounts),
  sweep: () => post<unknown>('/accounts/sweep', {}),
  change: (change: SubscriberChange) => post<Subscriber>('/subscribers', change),
  pay: (promptId: string, pin: string) =>
    post<unknown>(`/prompts/${promptId}/answer`, { action: 'pay', pin }),
  cancel: (promptId: string) => post<unknown>(`/prompts/${promptId}/answer`, { action: 'cancel' }),
  addFault: (kind: string) => post<Fault>('/faults', { kind }),
  removeFault: (id: number) => call<unknown>(`/faults/${id}`, { method: 'DELETE' }),
  clearFaults: () => call<unknown>('/faults', { method: 'DELETE' }),
  advance: (advanceSeconds: number) => post<unknown>('/clock', { advanceSeconds }),
  /** Tells what has happened and what happens until it is stopped; `connected` also after each loss. */
  listen(tell: (happening: Happening) => void, connected: (isConnected: boolean) => void): () => void {
    const source = new EventSource(`${ROOT}/events?after=0`);
    source.onopen = () => connected(true);
    source.onerror = () => connected(false);
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => tell({ name, data: JSON.parse(event.data) }));
    }
    return () => source.close();
  },
};
