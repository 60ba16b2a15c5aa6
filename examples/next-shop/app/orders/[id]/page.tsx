import { notFound } from 'next/navigation';
import { orders } from '../../shop';

// What is shown changes when a webhook comes.
export const dynamic = 'force-dynamic';

export default async function OrderPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const order = orders.get(id) ?? notFound();
  return <p>{`Order ${id} is ${order.status}. ${order.receipt}`}</p>;
}
