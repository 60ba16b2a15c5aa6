import { BookingFeePaymentModal } from '@pokea/checkout';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Shop } from './shop';

const asked = new URLSearchParams(location.search);
const given = (name: string) => asked.get(name) ?? '';

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Shop
      Modal={BookingFeePaymentModal}
      bookings={{ component: given('component'), element: given('element') }}
      token={given('token')}
      apiUrl={given('api')}
    />
  </StrictMode>,
);
