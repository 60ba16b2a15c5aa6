import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { clockFace, secondsLeft } from '../../checkout/src/core/countdown.js';
import { TEXTS, type Texts } from '../../checkout/src/core/texts.js';

function flat(texts: Texts): [string, string][] {
  return Object.entries(texts).flatMap(([name, text]) =>
    typeof text === 'string'
      ? [[name, text]]
      : Object.entries(text).map(([key, line]) => [`${name}.${key}`, line]),
  ) as [string, string][];
}

const english = flat(TEXTS.en);
const swahili = new Map(flat(TEXTS.sw));

describe('the texts', () => {
  test('say the same things in both languages, and nothing twice', () => {
    expect([...swahili.keys()].sort()).toEqual(english.map(([name]) => name).sort());
    for (const [name, text] of english) expect(swahili.get(name), name).not.toBe(text);
  });

  test('have the same places for the amount and the number in both languages', () => {
    for (const [name, text] of english) {
      const places = (line: string) => [...line.matchAll(/[#$]/g)].map(String).sort();
      expect(places(swahili.get(name) as string), name).toEqual(places(text));
    }
  });

  test('end every sentence', () => {
    const sentences = [...english, ...swahili].filter(([, text]) => text.includes(' ') && /[.;]/.test(text));
    for (const [name, text] of sentences) expect(text, name).toMatch(/[.…]$/);
  });

  test('use the words of the guide for a success', () => {
    expect(TEXTS.en.paid).toBe('Payment successful! Finding you a technician...');
  });

  test('call nothing a failure that may be paid: the word is never used of a payment whose outcome is open', () => {
    for (const name of ['unanswered', 'unknown', 'checking', 'late', 'offline'] as const) {
      expect(TEXTS.en[name]).not.toMatch(/fail|not made|declined/i);
      expect(TEXTS.sw[name]).not.toMatch(/hayajafanyika|imeshindikana|yameshindwa/i);
    }
    expect(TEXTS.en.reason.no_answer).not.toMatch(/fail|not made/i);
  });

  test('have words for reasons that the service knows', () => {
    const folder = new URL('../../../src/pokea/daraja/', import.meta.url);
    const source = readdirSync(folder).map((name) =>
      /py$/.test(name) ? readFileSync(new URL(name, folder), 'utf8') : '',
    );
    const own = ['too_many_requests', 'unauthenticated', 'silence', 'other'];
    for (const reason of Object.keys(TEXTS.en.reason)) {
      if (!own.includes(reason)) expect(source.join('\n')).toContain(`"${reason}"`);
    }
  });
});

describe('the countdown', () => {
  test('counts whole seconds down to nothing and not below', () => {
    expect([120_000, 119_001, 1000, 1, 0, -5000].map((left) => secondsLeft(left, 0))).toEqual([
      120, 120, 1, 1, 0, 0,
    ]);
  });

  test('never shows more than a prompt lives, however wrong a clock is', () => {
    expect(secondsLeft(3_600_000, 0)).toBe(120);
  });

  test('reads as minutes and seconds', () => {
    expect([0, 9, 60, 125].map(clockFace)).toEqual(['0:00', '0:09', '1:00', '2:05']);
  });
});
