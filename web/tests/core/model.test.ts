import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accepted,
  type Event,
  isOver,
  LOCK_GRACE_MS,
  type Model,
  opened,
  reduce,
  refused,
  retried,
  START,
  seen,
  stepOf,
  submitted,
  toneOf,
  waitEnds,
} from '../../checkout/src/core/model.js';
import type { Failure, Pushed, Status, Transaction } from '../../checkout/src/core/wire.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const EXPIRES = NOW + 120_000;
const PROMPT_ENDS = NOW + 60_000;

const PUSHED: Pushed = {
  transactionId: 'pay_1',
  checkoutRequestId: 'ws_CO_1',
  clientSecret: 'pcs_1',
  expiresAt: new Date(EXPIRES).toISOString(),
  phoneNumber: '25471****678',
};

const CANCELLED: Failure = { code: '1032', reason: 'cancelled', retryable: true, nextStep: 'try_again' };

function transaction(status: Status, change: Partial<Transaction> = {}): Transaction {
  return {
    id: 'pay_1',
    status,
    bookingId: 'BKG-1',
    phoneNumber: '25471****678',
    mpesaReceiptNumber: null,
    failure: status === 'failed' ? CANCELLED : null,
    message: 'Words of the service.',
    completedAt: status === 'completed' ? new Date(NOW).toISOString() : null,
    review: [],
    expiresAt: new Date(EXPIRES).toISOString(),
    version: 1,
    ...change,
  };
}

function told(status: Status, change: Partial<Transaction> = {}, now = NOW): Event {
  return seen(transaction(status, change), 0, now);
}

function following(...events: Event[]): Model {
  return events.reduce(reduce, START);
}

const WAITING = [submitted('0712 345 678'), accepted(PUSHED, 0)];

const failure = (change: Partial<Failure>) =>
  following(...WAITING, told('failed', { failure: { ...CANCELLED, ...change } }));

describe('a payment', () => {
  test('is waited for once the push is accepted, with the masked number and the end of the prompt', () => {
    const model = following(...WAITING);
    expect(model).toMatchObject({ phase: 'waiting', id: 'pay_1', phone: '25471****678', expiresAt: EXPIRES });
  });

  test('is being checked when nobody knows whether its push arrived', () => {
    const model = following(submitted(''), accepted({ ...PUSHED, checkoutRequestId: null }, 0));
    expect(model.phase).toBe('checking');
  });

  test('is being checked, not failed, when its prompt has ended without a word', () => {
    expect(following(...WAITING, told('pending', {}, PROMPT_ENDS)).phase).toBe('checking');
    expect(following(...WAITING, { name: 'overdue' }).phase).toBe('checking');
  });

  test('that failed still turns into a success', () => {
    const model = following(
      ...WAITING,
      told('failed'),
      told('completed', { version: 2, mpesaReceiptNumber: 'R1' }),
    );
    expect(model).toMatchObject({ phase: 'paid', receipt: 'R1', failure: null });
  });

  test('takes in a receipt that comes later', () => {
    const model = following(
      ...WAITING,
      told('completed'),
      told('completed', { version: 2, mpesaReceiptNumber: 'R1' }),
    );
    expect(model.receipt).toBe('R1');
  });

  test('is not moved back by an older word that arrives late', () => {
    const model = following(...WAITING, told('failed', { version: 5 }));
    expect(reduce(model, told('failed', { version: 4, failure: null }))).toBe(model);
  });

  test('says again that it may be tried when only that has changed', () => {
    const held = { ...CANCELLED, retryable: false };
    const model = following(...WAITING, told('failed', { failure: held }), told('failed'));
    expect(model.failure?.retryable).toBe(true);
  });

  test('has its times put on the local clock', () => {
    const skew = 3_600_000;
    expect(following(submitted(''), accepted(PUSHED, skew)).expiresAt).toBe(EXPIRES - skew);
    expect(seen(transaction('pending'), skew, PROMPT_ENDS - skew - 1).name).toBe('pending');
    expect(seen(transaction('pending'), skew, PROMPT_ENDS - skew).name).toBe('overdue');
  });
});

describe('an earlier payment that was left behind', () => {
  const again = [...WAITING, told('failed'), retried(), submitted('')];

  test('shows as paid when it succeeds after all, even while the next push is out', () => {
    const model = following(...again, told('completed', { version: 2 }));
    expect(model).toMatchObject({ phase: 'paid', id: 'pay_1' });
  });

  test('says nothing when it fails once more', () => {
    const next = following(...again, accepted({ ...PUSHED, transactionId: 'pay_2' }, 0));
    expect(reduce(next, told('failed', { version: 9 }))).toBe(next);
  });

  const next = accepted({ ...PUSHED, transactionId: 'pay_2' }, 0);
  const succeeds = told('completed', { version: 2 });
  test.each([
    ['on its way', [succeeds, next]],
    ['out', [next, succeeds]],
  ])('makes the prompt of the next one superfluous when that is %s, and that is said', (_when, events) => {
    const model = following(...again, ...events);
    expect(model).toMatchObject({ phase: 'paid', id: 'pay_1', extra: true });
  });

  test('leaves no prompt behind when it is the one that is paid', () => {
    expect(following(...again, succeeds).extra).toBe(false);
    expect(following(...again, next, told('completed', { id: 'pay_2', version: 3 })).extra).toBe(false);
  });
});

describe('trying again', () => {
  test('is ignored where the service does not say that it is safe', () => {
    const held = following(...WAITING, told('failed', { failure: { ...CANCELLED, retryable: false } }));
    expect(reduce(held, retried())).toBe(held);
  });

  test('forgets the failure', () => {
    expect(following(...WAITING, told('failed'), retried())).toMatchObject({
      phase: 'form',
      failure: null,
      id: '',
    });
  });
});

describe('the one thing to do', () => {
  test('is to pay, then nothing while the phone is asked, then to close', () => {
    expect(stepOf(START, NOW)).toBe('pay');
    expect(stepOf(following(submitted('')), NOW)).toBe('sending');
    expect(stepOf(following(...WAITING), NOW)).toBeUndefined();
    expect(stepOf(following(...WAITING, told('completed')), NOW)).toBe('done');
  });

  test('is to try again where that is safe, with another number where the same would fail again', () => {
    expect(stepOf(failure({}), NOW)).toBe('retry');
    expect(stepOf(failure({ nextStep: 'another_number' }), NOW)).toBe('another');
  });

  test('is to close while a person looks at money that came otherwise than asked', () => {
    for (const status of ['pending', 'failed', 'completed'] as const) {
      expect(stepOf(following(...WAITING, told(status, { review: ['amount_differs'] })), NOW)).toBe('close');
    }
  });

  test('is to wait while a failure that allows another try is held, and no longer than the lock can last', () => {
    const held = failure({ retryable: false });
    expect(stepOf(held, NOW)).toBe('wait');
    expect(waitEnds(held)).toBe(EXPIRES + LOCK_GRACE_MS);
    expect(stepOf(held, EXPIRES + LOCK_GRACE_MS)).toBe('close');
  });

  test('is to close where another try would not help', () => {
    expect(
      stepOf(failure({ reason: 'merchant_setup', retryable: false, nextStep: 'contact_business' }), NOW),
    ).toBe('close');
  });

  test('is to wait as long as the service asked', () => {
    const model = following(submitted(''), refused({ code: 'too_many_requests', message: '' }, NOW + 5000));
    expect(stepOf(model, NOW)).toBe('wait');
    expect(stepOf(model, NOW + 5000)).toBe('pay');
  });
});

describe('the tone of an end', () => {
  test.each([
    [{}, 'choice'],
    [{ reason: 'wrong_pin' }, 'mend'],
    [{ reason: 'no_answer' }, 'mend'],
    [{ reason: 'merchant_setup', nextStep: 'contact_business' }, 'wrong'],
  ] as const)('of a failure %j is %s', (change, tone) => {
    expect(toneOf(failure(change))).toBe(tone);
  });

  test('is none of a payment that is open or paid, unless another amount came', () => {
    expect(toneOf(following(...WAITING))).toBeUndefined();
    expect(toneOf(following(...WAITING, told('completed')))).toBeUndefined();
    expect(toneOf(following(...WAITING, told('completed', { review: ['amount_differs'] })))).toBe('mend');
  });
});

describe('the watch is over', () => {
  test('with the receipt, at once', () => {
    expect(isOver(told('completed', { mpesaReceiptNumber: 'R1' }), NOW)).toBe(true);
  });

  test('after a success without a receipt, or a failure, only when the lock of the payment is over', () => {
    for (const status of ['completed', 'failed'] as const) {
      expect(isOver(told(status), EXPIRES + LOCK_GRACE_MS - 1)).toBe(false);
      expect(isOver(told(status), EXPIRES + LOCK_GRACE_MS)).toBe(true);
    }
  });

  test('never while the payment is open', () => {
    expect(isOver(told('pending'), EXPIRES + 10 * LOCK_GRACE_MS)).toBe(false);
  });
});

test('whatever happens in whatever order, what is paid stays paid, and no push goes out while one is open', () => {
  const status = fc.constantFrom<Status>('initiated', 'pending', 'failed', 'completed');
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.constantFrom(submitted(''), retried(), opened('pay_2'), refused(null), { name: 'overdue' } as Event),
    fc.constantFrom('pay_1', 'pay_2').map((transactionId) => accepted({ ...PUSHED, transactionId }, 0)),
    fc
      .tuple(status, fc.constantFrom('pay_1', 'pay_2'), fc.integer({ min: 1, max: 9 }))
      .map(([status, id, version]) => told(status, { id, version })),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let model = START;
      for (const event of events) {
        const next = reduce(model, event);
        if (model.phase === 'paid') expect(next.phase).toBe('paid');
        if (next.phase === 'sending' && model.phase !== 'sending') expect(model.phase).toBe('form');
        if (next.phase === 'failed') expect(next.failure).not.toBeNull();
        model = next;
      }
    }),
  );
});
