import fc from 'fast-check';
import { act, Fragment as ReactFragment, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { describe, expect, test } from 'vitest';
import { type Model, START } from '../../checkout/src/core/model.js';
import type { Locale } from '../../checkout/src/core/texts.js';
import type { Booking } from '../../checkout/src/core/wire.js';
import type { Actions } from '../../checkout/src/view/actions.js';
import { draw, jsx } from '../../checkout/src/view/draw.js';
import { View } from '../../checkout/src/view/View.js';
import { wordsOf } from '../fake-service.js';

(globalThis as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = true;

const nothing = () => undefined;
const ON: Actions = {
  close: nothing,
  type: nothing,
  leave: nothing,
  speak: nothing,
  copy: nothing,
  print: nothing,
};
const BOOKING: Booking = {
  reference: 'BK-1',
  service: 'Plumbing',
  businessName: 'FUNDI LTD',
  bookingFee: { amount: 1500, status: 'unpaid' },
};

/** What React would draw, handed to `draw` instead. */
function translated(node: ReactNode): Parameters<typeof draw>[0] {
  if (Array.isArray(node)) return node.map(translated);
  if (typeof node !== 'object' || node === null) return node as string;
  // biome-ignore lint/suspicious/noExplicitAny: an element of React, of whatever type
  const { type, props } = node as any;
  if (type === ReactFragment) return translated(props.children);
  if (typeof type === 'function') return translated(type(props));
  return jsx(type, { ...props, children: translated(props.children) });
}

function attributesInOrder(root: Element): string {
  for (const element of root.querySelectorAll('*')) {
    // React also writes the field's value as an attribute.
    const all = [...element.attributes].filter(({ name }) => name !== 'value');
    for (const { name } of [...element.attributes]) element.removeAttribute(name);
    for (const { name, value } of all.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      // That a boolean attribute is there says it all.
      const isBoolean = name === 'novalidate' || name === 'readonly';
      element.setAttribute(name, isBoolean ? '' : value.replace(/\s|;$/g, ''));
    }
  }
  return root.innerHTML;
}

const model: fc.Arbitrary<Model> = fc.record({
  phase: fc.constantFrom('form', 'sending', 'loading', 'waiting', 'checking', 'failed', 'paid'),
  id: fc.constantFrom('', 'pay_1'),
  version: fc.constant(1),
  typed: fc.constantFrom('', '254712345678'),
  phone: fc.constant('25471****678'),
  expiresAt: fc.constantFrom(0, 90_000),
  receipt: fc.constantFrom(null, 'NLJ7RT61SV'),
  paidAt: fc.constantFrom(null, '2026-11-24T06:00:00Z'),
  message: fc.constantFrom('', 'Words.'),
  copied: fc.boolean(),
  booking: fc.constantFrom(null, BOOKING),
  words: fc.constantFrom(null, wordsOf('en')),
  failure: fc.constantFrom(
    null,
    { code: '1', reason: 'cancelled', retryable: true, nextStep: 'try_again' } as const,
    { code: '1', reason: 'no_answer', retryable: false, nextStep: 'try_again' } as const,
    { code: '1', reason: 'pin_locked', retryable: true, nextStep: 'another_number' } as const,
    { code: '1', reason: 'merchant_setup', retryable: false, nextStep: 'contact_business' } as const,
  ),
  review: fc.constantFrom([], ['amount_differs'], ['paid_twice']),
  problem: fc.constantFrom(null, { code: 'silence', message: '' }, { code: 'not_found', message: 'x' }),
  retryAt: fc.constantFrom(0, 60_000),
  unanswered: fc.boolean(),
  extra: fc.boolean(),
  offline: fc.boolean(),
  text: fc.constantFrom('', '0712', '0712 345 678', '712'),
  touched: fc.boolean(),
});

describe('draw', () => {
  test('makes of every state, after every other, what React makes of it', async () => {
    const locale = fc.constantFrom<Locale>('en', 'sw');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(model, locale), { minLength: 1, maxLength: 6 }), async (states) => {
        const [ours, theirs] = [document.createElement('div'), document.createElement('div')];
        const root = createRoot(theirs);
        for (const [model, locale] of states) {
          const view = (
            <View model={model} now={1000} locale={locale} amount={1500} purpose="BKG-1" on={ON} />
          );
          draw(translated(view), ours);
          await act(async () => root.render(view));
          const [mine, reacts] = [ours, theirs].map((host) => host.cloneNode(true) as Element);
          expect(attributesInOrder(mine as Element)).toBe(attributesInOrder(reacts as Element));
          expect(ours.querySelector('input')?.value).toBe(theirs.querySelector('input')?.value);
        }
        await act(async () => root.unmount());
      }),
      { numRuns: 60 },
    );
  });

  test('keeps the elements, and with them the focus and the caret, from one state to the next', () => {
    const host = document.createElement('div');
    const show = (change: Partial<Model>) =>
      draw(
        translated(
          <View model={{ ...START, ...change }} now={0} locale="en" amount={1} purpose="" on={ON} />,
        ),
        host,
      );
    show({ text: '07' });
    const [field, button] = [host.querySelector('input'), host.querySelector('.o')];
    show({ text: '071', phase: 'sending' });
    expect(host.querySelector('input')).toBe(field);
    expect(host.querySelector('.o')).toBe(button);
    expect(field?.value).toBe('071');
  });

  test('never turns one button into another: what is left out keeps its place', () => {
    const host = document.createElement('div');
    const show = (phase: Model['phase']) =>
      draw(
        translated(<View model={{ ...START, phase }} now={0} locale="en" amount={1} purpose="" on={ON} />),
        host,
      );
    show('form');
    const [close, pay, language] = host.querySelectorAll('button');
    show('waiting');
    expect(pay?.isConnected).toBe(false);
    expect([...host.querySelectorAll('button')]).toEqual([close, language]);
  });

  test('leaves alone what the browser has written: an open dialog stays open', () => {
    const host = document.createElement('div');
    const view = translated(<View model={START} now={0} locale="en" amount={1} purpose="" on={ON} />);
    draw(view, host);
    host.querySelector('dialog')?.setAttribute('open', '');
    draw(view, host);
    expect(host.querySelector('dialog')?.hasAttribute('open')).toBe(true);
  });
});
