// This file runs on the server: both imports must do no harm there, and the component must say `use client` itself.
import '@pokea/checkout/element';
import { BookingFeePaymentModal } from '@pokea/checkout';
import { Shop } from './shop';

export const metadata = { title: 'Shop', icons: { icon: 'data:,' } };

interface PageProps {
  searchParams: Promise<Record<string, string | undefined>>;
}

export default async function Page({ searchParams }: PageProps) {
  const asked = await searchParams;
  return (
    <Shop
      Modal={BookingFeePaymentModal}
      bookings={{ component: asked.component ?? '', element: asked.element ?? '' }}
      token={asked.token ?? ''}
      apiUrl={asked.api ?? ''}
    />
  );
}
