'use client';

import '@pokea/checkout/element';
import type { BookingFeePaymentModal } from '@pokea/checkout';
import type { PokeaCheckout } from '@pokea/checkout/element';
import type {} from '@pokea/checkout/jsx';
import { useEffect, useRef, useState } from 'react';

interface ShopProps {
  Modal: typeof BookingFeePaymentModal;
  /** The booking that is paid in the component, and the one that is paid in the element. */
  bookings: { component: string; element: string };
  token: string;
  apiUrl: string;
}

/** A page of a shop that takes one fee with the component and another with the element. */
export function Shop({ Modal, bookings, token, apiUrl }: ShopProps) {
  const [open, setOpen] = useState(false);
  const [paid, setPaid] = useState<string[]>([]);
  const element = useRef<PokeaCheckout>(null);
  useEffect(() => {
    const place = element.current;
    const note = (event: Event) => setPaid((before) => [...before, (event as CustomEvent).detail.transactionId]);
    place?.addEventListener('pokea-success', note);
    return () => place?.removeEventListener('pokea-success', note);
  }, []);
  return (
    <main>
      <button type="button" onClick={() => setOpen(true)}>
        Pay in the component
      </button>
      <Modal
        bookingId={bookings.component}
        open={open}
        onClose={() => setOpen(false)}
        onPaymentSuccess={(transactionId) => setPaid((before) => [...before, transactionId])}
        apiUrl={apiUrl}
        getToken={() => token}
      />
      <pokea-checkout ref={element} booking-id={bookings.element} api-url={apiUrl} token={token}>
        <button type="button">Pay in the element</button>
      </pokea-checkout>
      <output>{paid.join(' ')}</output>
    </main>
  );
}
