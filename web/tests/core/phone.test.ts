import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOtherNetwork, readField, readPhone, writtenPhone } from '../../checkout/src/core/phone.js';
import cases from './phone-cases.json' with { type: 'json' };

describe('readPhone', () => {
  test.each(cases.accepted)('accepts what the service accepts: $text', ({ text, msisdn }) => {
    expect(readPhone(text)).toEqual({ msisdn });
  });

  test.each(cases.refused)('refuses what the service refuses: %j', (text) => {
    expect(readPhone(text).msisdn).toBeUndefined();
    expect(readPhone(text).fault).toBeDefined();
  });

  test.each([
    ['', 'empty'],
    ['  +', 'empty'],
    ['07abc', 'digits'],
    ['712', 'zero'],
    ['712345678', 'zero'],
    ['112345678', 'zero'],
    ['0712', 'short'],
    ['254', 'short'],
    ['+25471234567', 'short'],
    ['07123456789', 'long'],
    ['0612345678', 'foreign'],
    ['254212345678', 'foreign'],
    ['+1 212 555 0100', 'foreign'],
    ['9'.repeat(41), 'long'],
  ])('says what is wrong with %j: %s', (text, fault) => {
    expect(readPhone(text).fault).toBe(fault);
  });

  test('while a right number is typed, in any of its forms, nothing is complained about', () => {
    const forms = [
      '0712345678',
      '0112345678',
      '254712345678',
      '+254712345678',
      '00254712345678',
      '254 0712345678',
    ];
    for (const form of forms) {
      for (let length = 1; length < form.length; length++) {
        const { fault, unfinished } = readPhone(form.slice(0, length));
        expect(unfinished, `${form.slice(0, length)}: ${fault}`).toBe(true);
      }
    }
  });

  test('a complaint that is certain holds however the typing goes on', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(digits, digits, (start, rest) => {
        const { fault, unfinished } = readPhone(start);
        fc.pre(fault !== undefined && !unfinished);
        expect(readPhone(start + rest).msisdn).toBeUndefined();
      }),
    );
  });

  test('whatever is accepted has twelve digits that begin with 2547 or 2541, and is accepted as it is written', () => {
    const typed = fc.string({ unit: fc.constantFrom(...'0123456789 +-.()٠٧٢１'), maxLength: 20 });
    const likely = fc.tuple(
      fc.constantFrom('0', '+254', '254 0', '00254'),
      fc.integer({ min: 1e8, max: 8e8 }),
    );
    const text = fc.oneof(
      typed,
      likely.map(([start, rest]) => start + rest),
    );
    fc.assert(
      fc.property(text, (text) => {
        const { msisdn } = readPhone(text);
        if (!msisdn) return;
        expect(msisdn).toMatch(/^254[17]\d{8}$/);
        expect(readPhone(writtenPhone(msisdn))).toEqual({ msisdn });
      }),
    );
  });
});

test('a number is written as Kenyans write it, in one piece, and masked where it is', () => {
  expect(writtenPhone('254712345678')).toBe('0712\xa0345\xa0678');
  expect(writtenPhone('25471****678')).toBe('071•\xa0•••\xa0678');
});

describe('a field', () => {
  test.each([
    ['712345678', '254712345678'],
    ['112 345 678', '254112345678'],
    ['0712345678', '254712345678'],
    ['+254 712 345 678', '254712345678'],
  ])('reads %s, with the 0 or without it', (text, msisdn) => {
    expect(readField(text)).toEqual({ msisdn });
  });

  test.each(['7', '71', '712', '71234567'])('does not complain of %s while it is typed', (text) => {
    expect(readField(text)).toEqual({ fault: 'short', unfinished: true });
  });

  test('still says what is wrong with more', () => {
    expect(readField('07123456789').fault).toBe('long');
    expect(readField('612345678').fault).toBe('foreign');
  });
});

test('numbers of the ranges of other networks are known, and those of Safaricom are none of them', () => {
  for (const range of ['733', '100', '771', '750', '763'])
    expect(isOtherNetwork(`254${range}000000`)).toBe(true);
  for (const range of ['712', '110', '757', '768', '799'])
    expect(isOtherNetwork(`254${range}000000`)).toBe(false);
});
