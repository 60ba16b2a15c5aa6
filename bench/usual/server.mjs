// The guide's callback as it is usually written in JavaScript: an Express handler and a pool of `pg`. Measured, never served.
import express from "express";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = express();
app.use(express.json());

app.post("/api/v1/payments/mpesa/callback", async (request, response) => {
  const outcome = request.body?.Body?.stkCallback;
  if (!outcome?.CheckoutRequestID || !Number.isInteger(outcome.ResultCode)) {
    return response.status(400).json({ ResultCode: 1, ResultDesc: "Invalid callback" });
  }
  const client = await pool.connect();
  try {
    await client.query("begin");
    await settle(client, outcome, request.body);
    await client.query("commit");
    response.json({ ResultCode: 0, ResultDesc: "Accepted" });
  } catch (failure) {
    await client.query("rollback");
    console.error("M-Pesa Callback:", failure);
    response.status(500).json({ ResultCode: 1, ResultDesc: "Failed" });
  } finally {
    client.release();
  }
});

async function settle(client, outcome, body) {
  const found = await client.query("select * from transactions where checkout_request_id = $1 for update", [
    outcome.CheckoutRequestID,
  ]);
  const transaction = found.rows[0];
  if (!transaction || transaction.status !== "pending") return;
  const items = Object.fromEntries((outcome.CallbackMetadata?.Item ?? []).map((item) => [item.Name, item.Value]));
  const isPaid = outcome.ResultCode === 0 && items.Amount === transaction.amount;
  await client.query(
    `update transactions set status = $2, result_code = $3, result_description = $4, webhook_data = $5,
       mpesa_receipt_number = $6, completed_at = $7 where id = $1`,
    [
      transaction.id,
      isPaid ? "completed" : "failed",
      outcome.ResultCode,
      outcome.ResultDesc,
      body,
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
}

app.listen(Number(process.env.PORT), "127.0.0.1");
