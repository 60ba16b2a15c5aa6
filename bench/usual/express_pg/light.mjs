// The guide's work: find the transaction, update it and its booking.
import { itemsOf, serve } from "./serving.mjs";

async function settle(client, outcome, request) {
  const found = await client.query("select * from transactions where checkout_request_id = $1 for update", [
    outcome.CheckoutRequestID,
  ]);
  const transaction = found.rows[0];
  if (transaction?.status !== "pending") return true;
  const items = itemsOf(outcome);
  const isPaid = outcome.ResultCode === 0 && items.Amount === transaction.amount;
  await client.query(
    `update transactions set status = $2, result_code = $3, result_description = $4, webhook_data = $5,
       mpesa_receipt_number = $6, completed_at = $7 where id = $1`,
    [
      transaction.id,
      isPaid ? "completed" : "failed",
      outcome.ResultCode,
      outcome.ResultDesc,
      request.body,
      isPaid ? items.MpesaReceiptNumber : null,
      isPaid ? new Date() : null,
    ],
  );
  if (isPaid) {
    await client.query(
      "update bookings set fee_status = 'held', fee_paid_at = now(), status = 'matching' where id = $1",
      [transaction.booking_id],
    );
  }
  return true;
}

serve("/api/v1/payments/mpesa/callback", settle);
