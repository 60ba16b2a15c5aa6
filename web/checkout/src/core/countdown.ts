/** How long a prompt lives on the phone: about a minute (daraja: STK callback failure). */
export const PROMPT_MS = 60_000;
/** From the end of the prompt until `expiresAt`, push + 120 s (law: time), M-PESA's answer is awaited. */
export const ANSWER_MS = 60_000;

/** Whole seconds from `now` until `end`, never negative; never more than `mostMs`, if a clock is wrong. */
export function secondsLeft(end: number, now: number, mostMs = PROMPT_MS): number {
  return Math.ceil(Math.min(Math.max(end - now, 0), mostMs) / 1000);
}

/** Minutes and seconds: `1:05`. */
export function clockFace(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
