import type { Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';
import { all, type Body, given, type Keyed, keyed, MOST_LISTED, pageOf, path, under } from './sending.ts';

type Schemas = components['schemas'];
export type Refund = Schemas['RefundBody'];
export type Payout = Schemas['PayoutBody'];
export type Payee = Schemas['PayeeBody'];
type Status = Schemas['DisbursementStatus'];
type Approval = { readonly digest: string; readonly overCap?: boolean } & Keyed;
type Reason = { readonly reason: string } & Keyed;
type RefundOrder = Omit<Body<'/api/v1/refunds', 'post'>, 'confirmRepeat'> & {
  confirmRepeat?: boolean;
} & Keyed;
type PayoutOrder = Omit<Body<'/api/v1/payouts', 'post'>, 'confirmRepeat'> & {
  confirmRepeat?: boolean;
} & Keyed;

/** Money of payments that goes back to the phones that paid. */
export class Refunds {
  readonly #api: Client<paths>;
  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Request a refund, of the whole payment by default. It goes out when a second person has approved it. */
  async create({ idempotencyKey, ...order }: RefundOrder): Promise<Refund> {
    const body = { confirmRepeat: false, ...order };
    return under(await this.#api.POST('/api/v1/refunds', { ...keyed(idempotencyKey), body }), 'refund');
  }

  /** A refund as it stands. */
  async get(id: string): Promise<Refund> {
    return under(await this.#api.GET('/api/v1/refunds/{id}', path({ id })), 'refund');
  }

  /** All refunds, newest first, asked for page by page as they are taken. */
  list({ status }: { status?: Status } = {}): AsyncGenerator<Refund, void> {
    return all(async (cursor) => {
      const params = { query: given({ limit: MOST_LISTED, status, ...cursor }) };
      const answer = await this.#api.GET('/api/v1/refunds', { params });
      return pageOf(answer, 'refunds');
    });
  }

  /** Approve what was seen: `digest` is of the refund as it was read. */
  async approve(id: string, { digest, overCap = false, idempotencyKey }: Approval): Promise<Refund> {
    const given = { ...keyed(idempotencyKey, { id }), body: { digest, overCap } };
    return under(await this.#api.POST('/api/v1/refunds/{id}/approve', given), 'refund');
  }

  /** Refuse to approve it; it will not go out. */
  async reject(id: string, { reason, idempotencyKey }: Reason): Promise<Refund> {
    const given = { ...keyed(idempotencyKey, { id }), body: { reason } };
    return under(await this.#api.POST('/api/v1/refunds/{id}/reject', given), 'refund');
  }

  /** Take the request back, before it goes out. */
  async withdraw(id: string, { reason, idempotencyKey }: Reason): Promise<Refund> {
    const given = { ...keyed(idempotencyKey, { id }), body: { reason } };
    return under(await this.#api.POST('/api/v1/refunds/{id}/withdraw', given), 'refund');
  }

  /** Let it go out once more, by this way or the same, after a failure that is proved. */
  async retry(
    id: string,
    { idempotencyKey, ...body }: Body<'/api/v1/refunds/{id}/retry', 'post'> & Keyed,
  ): Promise<Refund> {
    return under(
      await this.#api.POST('/api/v1/refunds/{id}/retry', { ...keyed(idempotencyKey, { id }), body }),
      'refund',
    );
  }
}

/** Money that goes to payees. */
export class Payouts {
  readonly #api: Client<paths>;
  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Request a payout of whole shillings. It goes out when a second person has approved it. */
  async create({ idempotencyKey, ...order }: PayoutOrder): Promise<Payout> {
    const body = { confirmRepeat: false, ...order };
    return under(await this.#api.POST('/api/v1/payouts', { ...keyed(idempotencyKey), body }), 'payout');
  }

  /** A payout as it stands. */
  async get(id: string): Promise<Payout> {
    return under(await this.#api.GET('/api/v1/payouts/{id}', path({ id })), 'payout');
  }

  /** All payouts, newest first, asked for page by page as they are taken. */
  list({ status }: { status?: Status } = {}): AsyncGenerator<Payout, void> {
    return all(async (cursor) => {
      const params = { query: given({ limit: MOST_LISTED, status, ...cursor }) };
      const answer = await this.#api.GET('/api/v1/payouts', { params });
      return pageOf(answer, 'payouts');
    });
  }

  /** Approve what was seen: `digest` is of the payout as it was read. */
  async approve(id: string, { digest, overCap = false, idempotencyKey }: Approval): Promise<Payout> {
    const given = { ...keyed(idempotencyKey, { id }), body: { digest, overCap } };
    return under(await this.#api.POST('/api/v1/payouts/{id}/approve', given), 'payout');
  }

  /** Refuse to approve it; it will not go out. */
  async reject(id: string, { reason, idempotencyKey }: Reason): Promise<Payout> {
    const given = { ...keyed(idempotencyKey, { id }), body: { reason } };
    return under(await this.#api.POST('/api/v1/payouts/{id}/reject', given), 'payout');
  }

  /** Take the request back, before it goes out. */
  async withdraw(id: string, { reason, idempotencyKey }: Reason): Promise<Payout> {
    const given = { ...keyed(idempotencyKey, { id }), body: { reason } };
    return under(await this.#api.POST('/api/v1/payouts/{id}/withdraw', given), 'payout');
  }

  /** Let it go out once more, after a failure that is proved. */
  async retry(id: string, { reason, idempotencyKey }: Reason): Promise<Payout> {
    const given = { ...keyed(idempotencyKey, { id }), body: { reason } };
    return under(await this.#api.POST('/api/v1/payouts/{id}/retry', given), 'payout');
  }
}

export interface PayeeOrder extends Keyed {
  readonly name: string;
  readonly phone: string;
  readonly customerId?: string;
}

export interface PayeeChange {
  readonly name?: string;
  readonly phone?: string;
  /** null takes the customer away. */
  readonly customerId?: string | null;
}

/** People and businesses that are paid regularly. */
export class Payees {
  readonly #api: Client<paths>;
  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Keep a payee. */
  async create({ idempotencyKey, phone, ...order }: PayeeOrder): Promise<Payee> {
    const body = { ...order, phoneNumber: phone };
    return under(await this.#api.POST('/api/v1/payees', { ...keyed(idempotencyKey), body }), 'payee');
  }

  /** A payee as it stands. */
  async get(payeeId: string): Promise<Payee> {
    return under(await this.#api.GET('/api/v1/payees/{payeeId}', path({ payeeId })), 'payee');
  }

  /** All payees, asked for page by page as they are taken. */
  list(): AsyncGenerator<Payee, void> {
    return all(async (cursor) => {
      const answer = await this.#api.GET('/api/v1/payees', {
        params: { query: { limit: MOST_LISTED, ...cursor } },
      });
      return pageOf(answer, 'payees');
    });
  }

  /** Change what is given. Another number has to be confirmed. */
  async update(payeeId: string, { phone, ...change }: PayeeChange): Promise<Payee> {
    const body = given({ ...change, phoneNumber: phone });
    return under(await this.#api.PATCH('/api/v1/payees/{payeeId}', { ...path({ payeeId }), body }), 'payee');
  }

  /** Confirm a payee's new number, as another person than the one who changed it. */
  async confirm(payeeId: string, { idempotencyKey }: Keyed = {}): Promise<Payee> {
    const answer = await this.#api.POST(
      '/api/v1/payees/{payeeId}/confirm',
      keyed(idempotencyKey, { payeeId }),
    );
    return under(answer, 'payee');
  }
}
