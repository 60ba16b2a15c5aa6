import { webhookRoute } from '@pokea/client/next';
import { orders } from '../../shop';

// An event may come twice; each of these says the same the second time.
export const POST = webhookRoute({
  on: {
    'payment.completed': ({ data }) => {
      const order = orders.get(data.bookingId ?? '');
      if (order) Object.assign(order, { status: 'paid', receipt: data.receipt });
    },
    'payment.failed': ({ data }) => {
      const order = orders.get(data.bookingId ?? '');
      if (order?.status === 'waiting') order.status = 'not paid';
    },
  },
});
