// Pokea's work: proof, evidence, receipt, payment, booking, postings, event and counts, a statement each.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { itemsOf, serve } from "./serving.mjs";

const HOUR = 3_600_000_000;
// Where the buckets of waits end, in microseconds.
const EDGES = Array.from({ length: 161 }, (_, step) => Math.round(1_000_000 * 2 ** (step / 8)));

async function settle(client, outcome, request) {
  const [pairs, token] = request.params.name.split(".");
  const paymentId = `pay_${pairs.replaceAll("-", "")}`;
  const found = await client.query("select * from payments where id = $1 for update", [paymentId]);
  const payment = found.rows[0];
  if (!payment || !proves(token, payment.id)) return false;
  const told = tellingOf(outcome, payment);
  const isNew = await keepEvidence(client, payment, told, token, request.raw);
  if (!isNew || payment.status !== "pending" || told.checkoutRequestId !== payment.request_id) return true;
  if (told.code !== 0) await fail(client, payment, told);
  else if (told.cents !== told.asked) await flag(client, payment, told, "amount_differs");
  else if (!(await ownReceipt(client, payment, told))) await flag(client, payment, told, "receipt_conflict");
  else await complete(client, payment, told);
  return true;
}

function proves(token, paymentId) {
  const expected = createHmac("sha256", process.env.SECRET_KEY).update(paymentId).digest("hex").slice(0, 48);
  return token.length === expected.length && timingSafeEqual(Buffer.from(token), Buffer.from(expected));
}

// `pg` reads a bigint as text.
function tellingOf(outcome, payment) {
  const items = itemsOf(outcome);
  return {
    now: Date.now() * 1000,
    checkoutRequestId: outcome.CheckoutRequestID,
    merchantRequestId: outcome.MerchantRequestID,
    code: outcome.ResultCode,
    description: outcome.ResultDesc,
    cents: items.Amount === undefined ? null : items.Amount * 100,
    asked: Number(payment.amount_cents),
    receipt: items.MpesaReceiptNumber ?? null,
    date: items.TransactionDate === undefined ? null : String(items.TransactionDate),
  };
}

async function keepEvidence(client, payment, told, token, raw) {
  const digest = createHash("sha256").update(`${token}\n`).update(raw).digest("hex").slice(0, 32);
  const kept = await client.query(
    `insert into evidence (operation_id, id, source, received_at, proved, code, amount_cents, receipt,
       request_id, originator_id, provider_time, body, applied)
     values ($1, $2, 'callback', $3, true, $4, $5, $6, $7, $8, $9, $10, true) on conflict do nothing`,
    [
      payment.id,
      `callback:${digest}`,
      told.now,
      String(told.code),
      told.cents,
      told.receipt,
      told.checkoutRequestId,
      told.merchantRequestId,
      told.date,
      raw,
    ],
  );
  return kept.rowCount === 1;
}

async function ownReceipt(client, payment, told) {
  const owned = await client.query(
    "insert into receipts (merchant_id, receipt, operation_id) values ($1, $2, $3) on conflict do nothing",
    [payment.merchant_id, told.receipt, payment.id],
  );
  return owned.rowCount === 1;
}

async function fail(client, payment, told) {
  await client.query(
    `update payments set version = version + 1, status = 'failed', failed_at = $2, failure_code = $3,
       failure_reason = $4 where id = $1`,
    [payment.id, told.now, String(told.code), told.description],
  );
  await tell(client, { ...payment, status: "failed", failure_reason: told.description }, told, "failed");
  await count(client, payment, "failed", { failed: 1, [`reason:${told.description}`]: 1 });
}

async function flag(client, payment, told, name) {
  await client.query("update payments set version = version + 1, flags = $2 where id = $1", [payment.id, name]);
  await raise(client, payment, told, name);
  await tell(client, { ...payment, flags: name }, told, "flagged");
}

async function raise(client, payment, told, name) {
  await client.query("insert into flags (operation_id, flag, raised_at) values ($1, $2, $3) on conflict do nothing", [
    payment.id,
    name,
    told.now,
  ]);
}

async function complete(client, payment, told) {
  const { now, asked } = told;
  const found = await client.query("select * from bookings where id = $1 for update", [payment.booking_id]);
  const isHeld = found.rows[0].fee_status === "unpaid";
  const money = isHeld ? "held" : "refund_due";
  const open = await client.query("select * from open_payments where id = $1 for update", [payment.id]);
  const { inquiries, last_inquiry_at: lastInquiryAt } = open.rows[0] ?? payment;
  await client.query(
    `update payments set version = version + 1, status = 'completed', completed_at = $2, completed_by = 'callback',
       receipt = $3, provider_time = $4, disposition = $5, flags = $6, inquiries = $7, last_inquiry_at = $8
     where id = $1`,
    [
      payment.id,
      now,
      told.receipt,
      told.date,
      money,
      isHeld ? payment.flags : "paid_twice",
      inquiries,
      lastInquiryAt,
    ],
  );
  await client.query("delete from open_payments where id = $1", [payment.id]);
  if (isHeld) {
    await client.query(
      `update bookings set status = 'matching', fee_status = 'held', fee_payment_id = $2, paid_at = $3,
         version = version + 1 where id = $1`,
      [payment.booking_id, payment.id, now],
    );
    await announce(client, found.rows[0], "booking.held", now, {
      reference: found.rows[0].reference,
      status: "matching",
      feeStatus: "held",
      amount: Number(found.rows[0].fee_cents) / 100,
      currency: "KES",
      paymentId: payment.id,
    });
  } else {
    await raise(client, payment, told, "paid_twice");
  }
  await client.query(
    `insert into postings (source_id, kind, line, merchant_id, account, amount_cents, posted_at)
     values ($1, 'received', 0, $7, 'mpesa_clearing', $2, $4), ($1, $5, 0, $7, $6, $3, $4)`,
    [payment.id, asked, -asked, now, money, isHeld ? "fees_held" : "refunds_due", payment.merchant_id],
  );
  const flags = isHeld ? payment.flags : "paid_twice";
  await tell(client, { ...payment, status: "completed", receipt: told.receipt, flags }, told, "completed");
  const waited = Math.max(0, now - Number(payment.created_at));
  const bucket = EDGES.filter((edge) => edge <= waited).length;
  await count(client, payment, "completed", {
    completed: 1,
    gross: asked,
    net: isHeld ? asked : 0,
    waited,
    [`wait:${bucket}`]: 1,
    "by:callback": 1,
  });
}

async function tell(client, payment, told, kind) {
  await announce(client, payment, `payment.${kind}`, told.now, {
    bookingId: payment.booking_id,
    reference: payment.account_reference,
    status: payment.status,
    amount: Number(payment.amount_cents) / 100,
    currency: "KES",
    receipt: payment.receipt,
    review: payment.flags ? payment.flags.split(",") : [],
    ...(payment.status === "failed" ? { reason: payment.failure_reason } : {}),
  });
}

async function announce(client, changed, type, now, state) {
  await client.query(
    "insert into outbox (object_id, version, merchant_id, type, created_at, data) values ($1, $2, $3, $4, $5, $6)",
    [changed.id, changed.version + 1, changed.merchant_id, type, now, JSON.stringify(state)],
  );
}

async function count(client, payment, status, counts) {
  const hour = Math.floor((Number(payment.created_at) + 3 * HOUR) / HOUR);
  const [completed, failed] = status === "completed" ? [1, 0] : [0, 1];
  await client.query(
    `insert into owner_deltas (merchant_id, owner, day, initiated, pending, completed, failed)
     values ($5, $1, $2, 0, -1, $3, $4)`,
    [payment.owner, Math.floor(hour / 24), completed, failed, payment.merchant_id],
  );
  const rows = Object.entries({ pending: -1, ...counts }).filter(([, amount]) => amount !== 0);
  const marks = rows.map((_, row) => `($1, $2, $${2 * row + 3}, $${2 * row + 4})`).join(", ");
  const given = [payment.merchant_id, hour, ...rows.flat()];
  await client.query(`insert into counter_deltas (merchant_id, hour, name, amount) values ${marks}`, given);
}

serve("/api/v1/payments/mpesa/callback/:name", settle);
