/** The shillings of an attribute or a prop: a whole number from 1 on; 0 for everything else, which is no amount. */
export function wholeShillings(written: unknown): number {
  const shillings = Number(written);
  return Number.isInteger(shillings) && shillings > 0 ? shillings : 0;
}

/** Shillings as Kenyans read them: `KES 1,500`. */
export function money(shillings: number): string {
  return `KES ${shillings.toLocaleString('en-KE')}`;
}
