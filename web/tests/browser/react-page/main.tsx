import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BookingFeePaymentModal } from '../../../checkout/src/react.js';

/** The same page as that of the element: a link, and a button that opens the dialog. */
function Page() {
  const [open, setOpen] = useState(sessionStorage.getItem('open') === 'yes');
  const change = (isOpen: boolean) => {
    sessionStorage.setItem('open', isOpen ? 'yes' : 'no');
    setOpen(isOpen);
  };
  return (
    <main>
      <h1>A shop</h1>
      <p>
        <a href="#before">A link before</a>
      </p>
      <button type="button" onClick={() => change(true)}>
        Pay KES 1,500
      </button>
      <BookingFeePaymentModal
        bookingId="BKG-2041"
        amount={1500}
        open={open}
        onClose={() => change(false)}
        onPaymentSuccess={(transactionId) => {
          document.title = transactionId;
        }}
        getToken={() => Promise.resolve('token-of-the-customer')}
      />
    </main>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
