import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inOrder } from '../../handset/src/App.js';
import { faultTitle, GROUPS } from '../../handset/src/faults.js';
import { after, NOTHING, type State } from '../../handset/src/state.js';
import {
  BEHAVIOURS,
  type Happening,
  type Prompt,
  type Sms,
  type Subscriber,
} from '../../handset/src/wire.js';
import { ksh, nairobiTime, preciseTime } from '../../handset/src/written.js';

const SIMULATOR = new URL('../../../src/pokea/simulator/', import.meta.url);
const AT = '2026-11-24T06:00:00.123Z';

/** The values of a Python enumeration. */
function valuesOf(file: string, name: string): string[] {
  const source = readFileSync(new URL(file, SIMULATOR), 'utf8');
  const body = source.split(`class ${name}(StrEnum):`)[1]?.split('\n\n\n')[0] ?? '';
  return [...body.matchAll(/^ {4}[A-Z0-9_]+ = "(\w+)"/gm)].map(([, value]) => value as string);
}

const PHONE: Subscriber = { msisdn: '254712345678', balance: 10_000, behaviour: 'manual', messages: [] };
const PROMPT: Prompt = {
  id: 'prompt-1',
  msisdn: PHONE.msisdn,
  amount: 500,
  accountReference: 'BK-1',
  expiresAt: AT,
  text: 'Do you want to pay Kshs. 500 to POKEA DEMO Account no. BK-1?\nEnter M-PESA PIN:',
};
const SMS: Sms = { from: 'MPESA', text: 'UKO Confirmed.', ownWording: false, receivedAt: AT };

function told(state: State, name: string, data: Record<string, unknown> = {}): State {
  return after(state, { name, data: { at: AT, ...data } } as Happening);
}

describe('the switches', () => {
  const kinds = GROUPS.flatMap(({ switches }) => switches.map(({ kind }) => kind));

  test('are every fault of the simulator, once', () => {
    expect([...kinds].sort()).toEqual(valuesOf('faults.py', 'FaultKind').sort());
  });

  test('lend their titles to the wire, in the language that is spoken', () => {
    expect(faultTitle('callback_lost', 'en')).toBe('Callback, Lost');
    expect(faultTitle('callback_lost', 'sw')).toBe('Callback, Imepotea');
    expect(faultTitle('eclipse', 'sw')).toBe('eclipse');
  });

  test('of the owner are every behaviour of the simulator', () => {
    expect([...BEHAVIOURS].sort()).toEqual(valuesOf('handset.py', 'Behaviour').sort());
  });
});

describe('what happens', () => {
  test('puts a prompt on a phone, once however often it is told, and takes it away', () => {
    const asked = told(told(NOTHING, 'prompt', { prompt: PROMPT }), 'prompt', { prompt: PROMPT });
    expect(asked.prompts).toEqual([PROMPT]);
    expect(told(asked, 'prompt_ended', { id: PROMPT.id }).prompts).toEqual([]);
  });

  test('brings a message to its phone alone, and once', () => {
    const other = { ...PHONE, msisdn: '254722000000' };
    const state = { ...NOTHING, subscribers: [PHONE, other] };
    const once = told(state, 'sms', { msisdn: PHONE.msisdn, ...SMS });
    const twice = told(once, 'sms', { msisdn: PHONE.msisdn, ...SMS });
    expect(twice.subscribers.map(({ messages }) => messages.length)).toEqual([1, 0]);
  });

  test('changes a phone at its place, and adds a new one', () => {
    const changed = told({ ...NOTHING, subscribers: [PHONE] }, 'subscriber', {
      subscriber: { ...PHONE, balance: 0 },
    });
    expect(changed.subscribers.map(({ balance }) => balance)).toEqual([0]);
    const more = told(changed, 'subscriber', { subscriber: { ...PHONE, msisdn: '254722000000' } });
    expect(more.subscribers.length).toBe(2);
  });

  test('is on the wire, newest first, with its direction, status and fault', () => {
    let state = told(NOTHING, 'request', { method: 'POST', path: '/mpesa/x', body: { a: 1 } });
    state = told(state, 'response', { path: '/mpesa/x', status: 500, fault: 'push_500_before', body: '' });
    state = told(state, 'callback', { url: 'http://shop/****', body: {} });
    state = told(state, 'callback_answered', { status: null });
    expect(
      state.lines.map(({ direction, what, about, status, fault }) => [direction, what, about, status, fault]),
    ).toEqual([
      ['in', 'callback_answered', '', null, null],
      ['out', 'callback', 'http://shop/****', undefined, null],
      ['out', 'response', '/mpesa/x', 500, 'push_500_before'],
      ['in', 'request', 'POST /mpesa/x', undefined, null],
    ]);
    expect(new Set(state.lines.map(({ number }) => number)).size).toBe(4);
  });

  test('to the accounts is shown, and what left them is listed once, newest first', () => {
    const accounts = { utility: 8500, merchant: 0, working: 0, settlement: 0, charges: -5 };
    let state = told(NOTHING, 'accounts', { accounts });
    expect(state.accounts).toEqual(accounts);
    for (let turn = 0; turn < 2; turn++) {
      state = told(state, 'payout', { receipt: 'R1', msisdn: PHONE.msisdn, amount: 1500 });
      state = told(state, 'reversal', { receipt: 'R2', originalReceipt: 'R0', amount: 500 });
      state = told(state, 'sweep', { receipt: 'R3', account: 'utility', amount: 8000 });
    }
    expect(state.moneyOut.map(({ kind, about, amount }) => [kind, about, amount])).toEqual([
      ['sweep', 'utility', 8000],
      ['reversal', 'R0', 500],
      ['payout', PHONE.msisdn, 1500],
    ]);
    for (let count = 0; count < 100; count++)
      state = told(state, 'payout', { receipt: `P${count}`, amount: 1 });
    expect(state.moneyOut.length).toBe(50);
  });

  test('with a Result or a timeout notice is on the wire as such', () => {
    let state = told(NOTHING, 'result', { url: 'http://shop/****', body: {} });
    state = told(state, 'timeout_notice', { url: 'http://shop/****', body: {} });
    state = told(state, 'result_answered', { status: 200 });
    expect(state.lines.map(({ direction, what, about }) => [direction, what, about])).toEqual([
      ['in', 'result_answered', ''],
      ['out', 'timeout_notice', 'http://shop/****'],
      ['out', 'result', 'http://shop/****'],
    ]);
  });

  test('is not kept for ever', () => {
    let state = NOTHING;
    for (let count = 0; count < 500; count++) state = told(state, 'fault', { kind: 'slow' });
    expect(state.lines.length).toBe(200);
    expect(state.lines[0]?.number).toBe(500);
  });

  test('of a kind that this page does not know changes nothing', () => {
    expect(told(NOTHING, 'eclipse')).toBe(NOTHING);
  });
});

test('a phone that is asked for money comes first, then the one that was wished for, then the newest', () => {
  const phones = ['1', '2', '3', '4'].map((msisdn) => ({ msisdn }));
  const order = inOrder(phones, [{ msisdn: '2' }], '1').map(({ msisdn }) => msisdn);
  expect(order).toEqual(['2', '1', '4', '3']);
});

test('money and times are printed as M-PESA prints them, in Nairobi', () => {
  expect([ksh(0), ksh(1234.5), ksh(-1980)]).toEqual(['Ksh0.00', 'Ksh1,234.50', '-Ksh1,980.00']);
  expect(ksh(100_000_000)).toBe('Ksh100,000,000.00');
  expect(nairobiTime(AT)).toBe('09:00');
  expect(preciseTime(AT)).toBe('09:00:00.123');
});
