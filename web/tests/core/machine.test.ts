import { describe, expect, test } from 'vitest';
import { type EventName, type Phase, TABLE } from '../../checkout/src/core/machine.js';

const PHASES = Object.keys(TABLE) as Phase[];
const EVENTS: EventName[] = [
  'submit',
  'resume',
  'accepted',
  'accepted_unknown',
  'refused',
  'already_paid',
  'initiated',
  'pending',
  'overdue',
  'failed',
  'completed',
  'retry',
];

const cells = PHASES.flatMap((phase) => EVENTS.map((event) => ({ phase, event, next: TABLE[phase][event] })));

describe('the table of states', () => {
  test('has no cell for an event that is not one', () => {
    for (const phase of PHASES) expect(EVENTS).toEqual(expect.arrayContaining(Object.keys(TABLE[phase])));
  });

  test.each(PHASES)('word that the money came leads to paid from %s', (phase) => {
    expect(TABLE[phase].completed).toBe('paid');
  });

  test('paid is never left', () => {
    for (const { phase, next } of cells) if (phase === 'paid') expect([undefined, 'paid']).toContain(next);
  });

  test('a push goes out from the form alone', () => {
    expect(cells.filter(({ next }) => next === 'sending').map(({ phase, event }) => [phase, event])).toEqual([
      ['form', 'submit'],
    ]);
  });

  test('only word of the payment itself makes it failed', () => {
    for (const { event, next } of cells) if (next === 'failed') expect(event).toBe('failed');
  });

  test('the form returns after a refusal, or when the customer tries again, and never while money may be moving', () => {
    const ways = cells.filter(({ next }) => next === 'form').map(({ phase, event }) => `${phase} ${event}`);
    expect(ways).toEqual(['sending refused', 'loading refused', 'failed retry']);
  });

  test('time alone never ends a payment: past its prompt it is being checked', () => {
    for (const { event, next } of cells)
      if (event === 'overdue') expect([undefined, 'checking']).toContain(next);
  });

  test('every phase can be reached, and every phase but paid can be left', () => {
    const reached = new Set<Phase>(['form']);
    for (const _ of PHASES) {
      for (const { phase, next } of cells) if (next && reached.has(phase)) reached.add(next);
    }
    expect([...reached].sort()).toEqual([...PHASES].sort());
    for (const phase of PHASES) {
      const leads = cells.filter((cell) => cell.phase === phase && cell.next && cell.next !== phase);
      expect(leads.length > 0).toBe(phase !== 'paid');
    }
  });
});
