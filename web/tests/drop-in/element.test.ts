import { describe, expect, test } from 'vitest';
import { PokeaCheckout } from '../../checkout/src/element.js';
import { TOKEN } from '../fake-service.js';
import { BOOKING, type Form, testForm, until } from '../forms.js';

function put(attributes: Record<string, string>, content = ''): PokeaCheckout {
  const element = document.createElement('pokea-checkout') as PokeaCheckout;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.innerHTML = content;
  document.body.append(element);
  return element;
}

async function place(apiUrl: string): Promise<Form> {
  const element = put({ 'booking-id': BOOKING, amount: '1500', 'api-url': apiUrl, token: TOKEN });
  const form: Form = {
    root: () => element.shadowRoot as ShadowRoot,
    successes: [],
    errors: [],
    open: async () => element.show(),
    remove: async () => element.remove(),
  };
  element.addEventListener('pokea-success', (event) => {
    form.successes.push((event as CustomEvent).detail.transactionId);
  });
  element.addEventListener('pokea-error', (event) => {
    form.errors.push((event as CustomEvent).detail);
  });
  return form;
}

describe('the element', () => {
  testForm(place);

  test('is a button with the price, in the language of the page', () => {
    document.documentElement.lang = 'sw';
    const element = put({ 'booking-id': 'BKG-2', amount: '500' });
    expect(element.shadowRoot?.querySelector('slot button')?.textContent).toBe('Lipa KES 500');
    element.remove();
    document.documentElement.lang = 'en';
  });

  test('is known by its name, and can be opened by an attribute', () => {
    const element = put({ 'booking-id': 'BKG-2', amount: '500', open: '' });
    expect(element).toBeInstanceOf(PokeaCheckout);
    expect(element.shadowRoot?.querySelector('dialog')?.open).toBe(true);
    element.remove();
  });

  test('tells the page once when it is closed', async () => {
    const element = put({ 'booking-id': 'BKG-2', amount: '500', open: '' });
    let closed = 0;
    element.addEventListener('pokea-close', () => closed++);
    element.shadowRoot?.querySelector<HTMLButtonElement>('.x')?.click();
    await until(() => closed > 0);
    element.close();
    expect(closed).toBe(1);
    expect(element.hasAttribute('open')).toBe(false);
    element.remove();
  });

  test('shows what is paid as soon as the page says it otherwise', async () => {
    const element = put({ 'booking-id': 'BKG-2', amount: '500', open: '' });
    element.setAttribute('description', 'Plumbing');
    element.setAttribute('amount', '700');
    expect(element.shadowRoot?.querySelector('.s b')?.textContent).toBe('Plumbing');
    expect(element.shadowRoot?.querySelector('.s > b')?.textContent).toBe('KES 700');
    element.remove();
  });
});
