/**
 * Kenyan mobile numbers as people type them: the same forms as the service's `parse_phone` accepts.
 * `phone-cases.json` holds what both must answer.
 */

/** What is wrong with a number; there is a sentence for each but `zero`, which the field mends by itself. */
export type PhoneFault = 'empty' | 'digits' | 'zero' | 'foreign' | 'short' | 'long';

export interface ReadPhone {
  /** The twelve digits; absent when something is wrong. */
  msisdn?: string;
  fault?: PhoneFault;
  /** More typing may still make it right, so complaining at once would only annoy. */
  unfinished?: boolean;
}

const LONGEST_INPUT = 40;
const DIGITS = 12;
/** Blanks, dashes, dots, brackets, and what is not seen. The minus is no dash to Unicode. */
const BETWEEN_DIGITS = /[\t-\r.()\u2212\p{Cf}\p{Pd}\p{VS}\p{Zl}\p{Zp}\p{Zs}]/gu;
const PROTOCOL = /^tel:(?:\/\/)?/i;
const COUNTRY_BEGUN = /^00$|^(00)?25?$/;

/** The number meant by `text`, as twelve digits, or what is wrong with it. */
export function readPhone(text: string): ReadPhone {
  if ([...text].length > LONGEST_INPUT) return { fault: 'long' };
  const bare = text.normalize('NFKC').replace(BETWEEN_DIGITS, '').replace(PROTOCOL, '');
  if (/^\+?$/.test(bare)) return { fault: 'empty', unfinished: true };
  if (!/^\+?\p{Nd}+$/u.test(bare)) return { fault: 'digits' };
  const digits = bare.replace('+', '00').replace(/\p{Nd}/gu, asciiDigit);
  const msisdn = digits.replace(/^(?:(?:00)?254|0(?!0))0?/, '254');
  if (/^254[17]\d{8}$/.test(msisdn)) return { msisdn };
  if (/^[17]\d{0,8}$/.test(digits)) return { fault: 'zero' };
  if (!msisdn.startsWith('254')) {
    return { fault: 'foreign', unfinished: COUNTRY_BEGUN.test(digits) };
  }
  if (!/^254([17]|$)/.test(msisdn)) return { fault: 'foreign' };
  return msisdn.length < DIGITS ? { fault: 'short', unfinished: true } : { fault: 'long' };
}

/** Unicode keeps the ten digits of a script in a row, so the distance to the row's start is the value. */
function asciiDigit(digit: string): string {
  const point = digit.codePointAt(0) as number;
  let zero = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String((point - zero) % 10);
}

/** The number meant by what stands in a field: the field also writes the 0 that the service asks for. */
export function readField(text: string): ReadPhone {
  const read = readPhone(text);
  return read.fault === 'zero' ? readPhone(`0${text}`) : read;
}

/** Ranges that were given to other networks; numbers move, so this is worth a word and no refusal. */
const OTHER_NETWORKS = /^254(10|7([378]|4[47]|5[0-6]|6[0-7]))/;

export function isOtherNetwork(msisdn: string): boolean {
  return OTHER_NETWORKS.test(msisdn);
}

/** The number as Kenyans write it: `0712 345 678`, or masked `071\u2022 \u2022\u2022\u2022 678`; no line breaks inside. */
export function writtenPhone(msisdn: string): string {
  return msisdn.replace(/^254(...)(...)(...)$/, '0$1\xa0$2\xa0$3').replaceAll('*', '•');
}
