import { describe, expect, test } from 'vitest';
import { clockFace, secondsLeft } from '../../checkout/src/core/countdown.js';
import { money, wholeShillings } from '../../checkout/src/core/money.js';
import { TEXTS } from '../../checkout/src/core/texts.js';
import { wordsOf } from '../fake-service.js';

const english = Object.entries({ ...TEXTS.en, ...wordsOf('en') });
const swahili: Record<string, string> = { ...TEXTS.sw, ...wordsOf('sw') };

describe('the texts, our own and those of the service', () => {
  test('say the same things in both languages, and nothing twice', () => {
    expect(Object.keys(swahili).sort()).toEqual(english.map(([name]) => name).sort());
    for (const [name, text] of english) expect(swahili[name], name).not.toBe(text);
  });

  test('are each in one place: what the service sends is not in the script as well', () => {
    for (const name of Object.keys(TEXTS.en)) expect(wordsOf('en')).not.toHaveProperty(name);
  });

  test('have the same places for the amount, the number and the business in both languages', () => {
    for (const [name, text] of english) {
      const places = (line: string) => [...line.matchAll(/[#$@]/g)].map(String).sort();
      expect(places(swahili[name] as string), name).toEqual(places(text));
    }
  });

  test('end every sentence', () => {
    const all = [...english, ...Object.entries(swahili)];
    const sentences = all.filter(([, text]) => text.includes(' ') && /[.;]/.test(text));
    for (const [name, text] of sentences) expect(text, name).toMatch(/[.…]$/);
  });

  test('use the words of the guide for a success', () => {
    expect(wordsOf('en').paid).toBe('Payment successful! Finding you a technician...');
  });

  test('call nothing a failure that may be paid: the word is never used of a payment whose outcome is open', () => {
    const open = ['unanswered', 'silence', 'checking', 'waiting', 'enter', 'elsewhere', 'offline', 'unsure'];
    for (const [name, text] of english.filter(([name]) => open.includes(name))) {
      expect(text).not.toMatch(/fail|not made|declined/i);
      expect(swahili[name]).not.toMatch(/hayakufaulu|hayajafanyika|imeshindikana|yameshindwa/i);
    }
  });
});

describe('an amount', () => {
  test.each([
    '1,500',
    'KES 1500',
    '1500/-',
    '500.5',
    '-1',
    '0',
    '',
    ' ',
    'NaN',
    undefined,
    null,
    Number.NaN,
    {},
    -3,
  ])('that is no whole number of shillings is none: %j', (written) =>
    expect(wholeShillings(written)).toBe(0),
  );

  test.each([500, '500', '500.00', ' 500 ', 1])('that is one counts: %j', (written) => {
    expect(wholeShillings(written)).toBe(Number(written));
  });

  test('is written as Kenyans read it', () => {
    expect(money(250_000)).toBe('KES 250,000');
  });
});

describe('the countdown', () => {
  test('counts whole seconds down to nothing and not below', () => {
    expect([60_000, 59_001, 1000, 1, 0, -5000].map((left) => secondsLeft(left, 0))).toEqual([
      60, 60, 1, 1, 0, 0,
    ]);
  });

  test('never shows more than a prompt lives, however wrong a clock is', () => {
    expect(secondsLeft(3_600_000, 0)).toBe(60);
  });

  test('reads as minutes and seconds', () => {
    expect([0, 9, 60, 125].map(clockFace)).toEqual(['0:00', '0:09', '1:00', '2:05']);
  });
});
