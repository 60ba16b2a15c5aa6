import { Pokea } from '@pokea/client';

export const pokea = new Pokea({
  url: process.env.POKEA_URL ?? 'http://127.0.0.1:8000',
  token: () => process.env.POKEA_TOKEN ?? '',
});

type Order = { status: string; receipt: string };
// A shop keeps them in its database. Next.js may load this file once for each route, so they are on `globalThis`.
const shared = globalThis as typeof globalThis & { orders?: Map<string, Order> };
shared.orders ??= new Map();
export const orders = shared.orders;
