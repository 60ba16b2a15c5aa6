import { CallRefused } from '@pokea/client';
import { orders, pokea } from '../shop';

export async function POST(request: Request) {
  const phone = String((await request.formData()).get('phone'));
  const booking = await pokea.bookings.create({ service: 'Plumbing', amount: 500 });
  orders.set(booking.id, { status: 'waiting', receipt: '' });
  try {
    await pokea.payments.push({ booking, phone, idempotencyKey: `order-${booking.id}` });
  } catch (error) {
    if (!(error instanceof CallRefused)) throw error;
    orders.delete(booking.id);
    return new Response(error.message, { status: 400 });
  }
  return new Response(null, { status: 303, headers: { Location: `/orders/${booking.id}` } });
}
