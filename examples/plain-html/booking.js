/** Makes a booking, then lets the element take its fee. */

const checkout = document.querySelector('pokea-checkout');
const form = document.querySelector('form');
const news = document.querySelector('#news');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const token = form.elements.token.value.trim();
  const api = new URL(document.querySelector('script[src$="/checkout.js"]').src).origin;
  const answer = await fetch(`${api}/api/v1/bookings`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ service: 'Plumbing in Kilimani' }),
  });
  const body = await answer.json();
  if (!answer.ok) {
    news.textContent = body.message;
    return;
  }
  const { id, reference, bookingFee } = body.booking;
  checkout.setAttribute('booking-id', id);
  checkout.setAttribute('amount', bookingFee.amount);
  checkout.getToken = () => token;
  checkout.hidden = false;
  form.hidden = true;
  news.textContent = `Booked as ${reference}.`;
});

checkout.addEventListener('pokea-success', ({ detail }) => {
  news.textContent = detail.transactionId ? `Paid: ${detail.transactionId}.` : 'Paid before.';
});
checkout.addEventListener('pokea-error', ({ detail }) => {
  news.textContent = `Not paid yet: ${detail.reason}.`;
});
