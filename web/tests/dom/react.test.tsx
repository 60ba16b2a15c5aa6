import { act, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { describe, expect, test } from 'vitest';
import { BookingFeePaymentModal, type BookingFeePaymentModalProps } from '../../checkout/src/react.js';
import { TOKEN } from '../fake-service.js';
import { BOOKING, type Form, testForm } from '../forms.js';

function mount(props: Partial<BookingFeePaymentModalProps>) {
  const host = document.createElement('div');
  document.body.append(host);
  const root = createRoot(host);
  const show = (change: Partial<BookingFeePaymentModalProps> = {}) => {
    Object.assign(props, change);
    root.render(
      <StrictMode>
        <BookingFeePaymentModal
          bookingId={BOOKING}
          amount={1500}
          open={false}
          onClose={() => show({ open: false })}
          onPaymentSuccess={() => undefined}
          getToken={() => TOKEN}
          {...props}
        />
      </StrictMode>,
    );
  };
  (globalThis as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = true;
  act(() => show());
  (globalThis as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = false;
  const shadow = () => host.firstElementChild?.shadowRoot as ShadowRoot;
  return { host, root, show, shadow };
}

async function place(apiUrl: string): Promise<Form> {
  const successes: string[] = [];
  const errors: { reason: string }[] = [];
  const { root, show, shadow, host } = mount({
    apiUrl,
    onPaymentSuccess: (id) => void successes.push(id),
    onPaymentError: (error) => void errors.push(error),
  });
  return {
    root: shadow,
    successes,
    errors,
    open: async () => {
      show({ open: true });
      await new Promise((resume) => setTimeout(resume, 20));
    },
    remove: async () => {
      root.unmount();
      host.remove();
    },
  };
}

describe('the React component, in strict mode', () => {
  testForm(place);

  test('shows the number and the words that the page gives', () => {
    const { shadow, root } = mount({ phoneNumber: '0722000000', description: 'Plumbing', locale: 'sw' });
    expect(shadow().querySelector('input')?.value).toBe('0722000000');
    expect(shadow().querySelector('.s b')?.textContent).toBe('Plumbing');
    expect(shadow().querySelector('h2')?.textContent).toBe('Lipa na M-PESA');
    root.unmount();
  });
});
