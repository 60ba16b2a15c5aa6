// What both forms have alike: the pool, the reading of a callback, its transaction, and the answers.
import express from "express";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

/** Serve callbacks: `settle(client, outcome, request)` runs inside a transaction; false: the callback is none of ours. */
export function serve(path, settle) {
  const app = express();
  app.use(express.json({ verify: (request, _response, raw) => (request.raw = raw) }));
  app.post(path, async (request, response) => {
    const outcome = request.body?.Body?.stkCallback;
    if (!outcome?.CheckoutRequestID || !Number.isInteger(outcome.ResultCode)) {
      return response.status(400).json({ ResultCode: 1, ResultDesc: "Invalid callback" });
    }
    const client = await pool.connect();
    try {
      await client.query("begin");
      const isOurs = await settle(client, outcome, request);
      await client.query("commit");
      if (!isOurs) return response.status(404).json({ ResultCode: 1, ResultDesc: "Unknown callback" });
      response.json({ ResultCode: 0, ResultDesc: "Accepted" });
    } catch (failure) {
      await client.query("rollback");
      console.error("M-Pesa Callback:", failure);
      response.status(500).json({ ResultCode: 1, ResultDesc: "Failed" });
    } finally {
      client.release();
    }
  });
  app.listen(Number(process.env.PORT), "127.0.0.1");
}

export function itemsOf(outcome) {
  return Object.fromEntries((outcome.CallbackMetadata?.Item ?? []).map((item) => [item.Name, item.Value]));
}
