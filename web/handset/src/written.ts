/** Numbers, money and times as they are printed in Kenya. */

export { writtenPhone as written } from '../../checkout/src/core/phone.js';

/** As M-PESA prints money: `Ksh1,234.00`; what is below zero has its sign in front. */
export function ksh(shillings: number): string {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const sign = shillings < 0 ? '-' : '';
  return `${sign}Ksh${Math.abs(shillings).toLocaleString('en-KE', digits)}`;
}

export function nairobiTime(instant: number | string): string {
  return new Date(instant).toLocaleTimeString('en-GB', {
    timeZone: 'Africa/Nairobi',
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** With milliseconds, as the wire log needs it. */
export function preciseTime(instant: string): string {
  const digits = {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  } as const;
  return new Date(instant).toLocaleTimeString('en-GB', { timeZone: 'Africa/Nairobi', ...digits });
}
