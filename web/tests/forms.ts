/** What both forms of the checkout must do, told once; each form brings its own way to be put on a page. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeService } from './fake-service.js';

export const BOOKING = 'BKG-1';

/** One form on the page, with what the page has heard from it. */
export interface Form {
  root: () => ShadowRoot;
  successes: string[];
  errors: { reason: string }[];
  open: () => Promise<void>;
  remove: () => Promise<void>;
}

export async function until(holds: () => unknown, what = String(holds)): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    if (holds()) return;
    await new Promise((resume) => setTimeout(resume, 10));
  }
  throw new Error(`it did not happen: ${what}`);
}

export function testForm(place: (apiUrl: string) => Promise<Form>): void {
  let service: FakeService;
  let origin: string;
  let form: Form;

  beforeEach(async () => {
    sessionStorage.clear();
    service = new FakeService();
    service.fee = 1500;
    origin = await service.listen();
    service.allowedOrigin = location.origin;
    form = await place(origin);
  });
  afterEach(async () => {
    await form.remove();
    await service.close();
  });

  const dialog = () => form.root().querySelector('dialog') as HTMLDialogElement;
  const button = () => dialog().querySelector<HTMLButtonElement>('.o');
  const words = () => dialog().textContent ?? '';

  async function pay(number = '0712345678'): Promise<void> {
    await form.open();
    await until(() => words().includes('FUNDI LTD'));
    const field = dialog().querySelector('input') as HTMLInputElement;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, number);
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await until(() => words().includes(`${number.slice(0, 4)}\u00a0`) || words().includes('Kenyan'));
    // So soon after it was opened a click is not taken for an answer to the form.
    await new Promise((resume) => setTimeout(resume, 600));
    button()?.click();
  }

  test('opens as a modal dialog with a name, and closes again', async () => {
    expect(dialog().open).toBe(false);
    await form.open();
    await until(() => dialog().open, 'the dialog opens');
    const name = dialog().getAttribute('aria-labelledby') as string;
    expect(form.root().getElementById(name)?.textContent).toBe('Pay with M-PESA');
    dialog().querySelector<HTMLButtonElement>('.x')?.click();
    await until(() => !dialog().open);
  });

  test('says at once what is wrong with a number, at the field', async () => {
    await form.open();
    await pay('612345678');
    const field = dialog().querySelector('input');
    expect(field?.getAttribute('aria-invalid')).toBe('true');
    const advice = form.root().getElementById(field?.getAttribute('aria-describedby') ?? '');
    expect(advice?.textContent).toBe('This is not a Kenyan mobile number.');
    expect(service.pushes).toEqual([]);
  });

  test('pays, shows the receipt and the words of the guide, and tells the page', async () => {
    await pay();
    await until(() => words().includes('Check your phone'));
    expect(words()).toContain('0712\u00a0345\u00a0678');
    expect(words()).toContain('FUNDI LTD, REF\u2011BKG\u20111');
    service.complete('pay_1', 'UKO1234567');
    await until(() => words().includes('UKO1234567'));
    expect(words()).toContain('Payment successful! Finding you a technician...');
    expect(form.successes).toEqual(['pay_1']);
  });

  test('says why a payment was not made, tells the page, and offers another try', async () => {
    await pay();
    await until(() => words().includes('Check your phone'));
    service.fail('pay_1', { reason: 'insufficient_funds', code: '1' }, 'There is not enough money.');
    await until(() => words().includes('not enough money'));
    expect(form.errors).toMatchObject([{ reason: 'insufficient_funds' }]);
    expect(button()?.textContent).toBe('Try again');
    button()?.click();
    await until(() => button()?.textContent === 'Pay KES 1,500');
  });

  test('speaks Kiswahili when asked to', async () => {
    await form.open();
    dialog().querySelector<HTMLButtonElement>('.l')?.click();
    await until(() => words().includes('Lipa na M-PESA'));
    expect(dialog().lang).toBe('sw');
  });

  test('announces changes in a region that was there before', async () => {
    await form.open();
    const region = dialog().querySelector('[role=status]');
    await pay();
    await until(() => region?.textContent?.includes('Check your phone'));
    service.complete('pay_1');
    await until(() => region?.textContent?.includes('Payment successful!'));
    expect(region?.isConnected).toBe(true);
  });
}
