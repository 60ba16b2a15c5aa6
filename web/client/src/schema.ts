/**
 * Written by `make docs` from our OpenAPI.
 */

export interface paths {
    "/api/v1/payments/mpesa/stkpush": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description The M-PESA number: 0712345678, 0112345678 or 254712345678. */
                        phoneNumber: string;
                        /** @description The booking whose fee is paid. */
                        bookingId: string;
                        /** @description The booking's fee in whole shillings. */
                        amount: number;
                        /**
                         * @description What is paid.
                         * @default booking_fee
                         * @constant
                         */
                        type?: "booking_fee";
                    };
                };
            };
            responses: {
                /** @description The prompt was sent, or is being checked. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PushResponse"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/mpesa/status/{transactionId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The payment's id, as the push answered it. */
                    transactionId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The payment. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StatusAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/mpesa/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description Page number, from 1: exact at any depth by status and time. */
                    page?: number;
                    /** @description Transactions a page. */
                    limit?: number;
                    /** @description Only transactions of this status. */
                    status?: "initiated" | "pending" | "completed" | "failed";
                    /** @description First day (East Africa Time) or instant. */
                    from?: string;
                    /** @description Last day (East Africa Time) or instant. */
                    to?: string;
                    /** @description Only transactions of this booking, the newest 1,000. */
                    bookingId?: string;
                    /** @description A receipt, a phone number in any of its forms, or a booking's reference in small or capital letters; finds the newest 1,000. */
                    q?: string;
                    /** @description `nextCursor` of the page before, instead of `page`. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of payments. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HistoryAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bookings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description What is booked, in words. */
                        service: string;
                        /**
                         * @description Shown in the prompt and on statements: 1 to 12 letters, digits or dashes. Made when left out.
                         * @default null
                         */
                        reference?: string | null;
                        /**
                         * @description Whose booking it is; `admin` only. By default the caller's.
                         * @default null
                         */
                        customerId?: string | null;
                        /**
                         * @description The fee in whole shillings; `admin` only. By default the service's fee.
                         * @default null
                         */
                        amount?: number | null;
                    };
                };
            };
            responses: {
                /** @description The booking, awaiting its payment. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BookingAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bookings/{bookingId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The booking's `id`. */
                    bookingId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The booking. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BookingAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description How many are shown at most. */
                    limit?: number;
                    /** @description `nextCursor` of an earlier answer. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of links. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinksAnswer"];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description What is paid, in words: the payer reads it. */
                        title: string;
                        /**
                         * @description In whole shillings. The payer types it when it is left out.
                         * @default null
                         */
                        amount?: number | null;
                        /**
                         * @description Shown in the prompt and on statements. Whole where `once` is true; otherwise at most 7 characters, to which each payment adds its own. Made when left out.
                         * @default null
                         */
                        reference?: string | null;
                        /**
                         * @description A day or an instant after which nothing can be paid.
                         * @default null
                         */
                        expiresAt?: string | null;
                        /**
                         * @description Whether one payment is all that is taken; needs an `amount`.
                         * @default false
                         */
                        once?: boolean;
                    };
                };
            };
            responses: {
                /** @description The link, and its address. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/links/{linkId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The link's `id`. */
                    linkId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The link. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The link's `id`. */
                    linkId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is gone. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkDeleted"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The link's `id`. */
                    linkId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * @description What is paid, in words.
                         * @default null
                         */
                        title?: string | null;
                        /**
                         * @description A day or an instant; null for no end.
                         * @default null
                         */
                        expiresAt?: string | null;
                        /**
                         * @description false switches the link off, true on again.
                         * @default null
                         */
                        active?: boolean | null;
                    };
                };
            };
            responses: {
                /** @description The link. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkAnswer"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this status. */
                    status?: "requested" | "rejected" | "withdrawn" | "approved" | "lapsed" | "sending" | "accepted" | "unknown" | "completed" | "failed" | "returned";
                    /** @description How many are shown at most. */
                    limit?: number;
                    /** @description `nextCursor` of an earlier answer. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundsAnswer"];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description The payment whose money goes back. */
                        paymentId: string;
                        /**
                         * @description In whole shillings; by default all that is left of it.
                         * @default null
                         */
                        amount?: number | null;
                        /**
                         * @description `reversal` or `b2c`; by default the usual one (docs/law/money-out.md).
                         * @default null
                         */
                        way?: ("reversal" | "b2c") | null;
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                        /**
                         * @description Whether it is meant although the same recipient was to get the same amount within 24 hours.
                         * @default false
                         */
                        confirmRepeat?: boolean;
                    };
                };
            };
            responses: {
                /** @description The refund as it stands. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The refund's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The refund as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The refund's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description `digest` of what the approver has read. */
                        digest: string;
                        /**
                         * @description Whether an admin goes above the caps knowingly.
                         * @default false
                         */
                        overCap?: boolean;
                    };
                };
            };
            responses: {
                /** @description The refund as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The refund's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                    };
                };
            };
            responses: {
                /** @description The refund as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The refund's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                    };
                };
            };
            responses: {
                /** @description The refund as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The refund's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                        /**
                         * @description Another way; by default the one that it had.
                         * @default null
                         */
                        way?: ("reversal" | "b2c") | null;
                    };
                };
            };
            responses: {
                /** @description The refund as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds/{id}/findings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The refund's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Whether M-PESA paid. */
                        paid: boolean;
                        /**
                         * @description With `paid`: M-PESA's receipt, as the statement has it.
                         * @default null
                         */
                        receipt?: string | null;
                        /**
                         * @description Without `paid`: the text (CSV) of the organisation's complete statement from 5 minutes before the sending to 24 hours after it, in which no line fits.
                         * @default null
                         */
                        statement?: string | null;
                        /**
                         * @description What else there is to say, in one line.
                         * @default null
                         */
                        reason?: string | null;
                        /**
                         * @description The finding of another person that this one confirms.
                         * @default null
                         */
                        confirms?: string | null;
                    };
                };
            };
            responses: {
                /** @description The refund, with what was found. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefundAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this status. */
                    status?: "requested" | "rejected" | "withdrawn" | "approved" | "lapsed" | "sending" | "accepted" | "unknown" | "completed" | "failed" | "returned";
                    /** @description How many are shown at most. */
                    limit?: number;
                    /** @description `nextCursor` of an earlier answer. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutsAnswer"];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Who is paid. */
                        payeeId: string;
                        /** @description In whole shillings, at least 10. */
                        amount: number;
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                        /**
                         * @description The booking that it is for, if any.
                         * @default null
                         */
                        bookingId?: string | null;
                        /**
                         * @description Whether it is meant although the same recipient was to get the same amount within 24 hours.
                         * @default false
                         */
                        confirmRepeat?: boolean;
                    };
                };
            };
            responses: {
                /** @description The payout as it stands. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payouts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The payout's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The payout as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payouts/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The payout's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description `digest` of what the approver has read. */
                        digest: string;
                        /**
                         * @description Whether an admin goes above the caps knowingly.
                         * @default false
                         */
                        overCap?: boolean;
                    };
                };
            };
            responses: {
                /** @description The payout as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payouts/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The payout's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                    };
                };
            };
            responses: {
                /** @description The payout as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payouts/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The payout's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                    };
                };
            };
            responses: {
                /** @description The payout as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payouts/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The payout's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Why, in one line: the other person reads it. */
                        reason: string;
                        /**
                         * @description Another way; by default the one that it had.
                         * @default null
                         */
                        way?: ("reversal" | "b2c") | null;
                    };
                };
            };
            responses: {
                /** @description The payout as it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payouts/{id}/findings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The payout's `id`. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Whether M-PESA paid. */
                        paid: boolean;
                        /**
                         * @description With `paid`: M-PESA's receipt, as the statement has it.
                         * @default null
                         */
                        receipt?: string | null;
                        /**
                         * @description Without `paid`: the text (CSV) of the organisation's complete statement from 5 minutes before the sending to 24 hours after it, in which no line fits.
                         * @default null
                         */
                        statement?: string | null;
                        /**
                         * @description What else there is to say, in one line.
                         * @default null
                         */
                        reason?: string | null;
                        /**
                         * @description The finding of another person that this one confirms.
                         * @default null
                         */
                        confirms?: string | null;
                    };
                };
            };
            responses: {
                /** @description The payout, with what was found. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayoutAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description How many are shown at most. */
                    limit?: number;
                    /** @description `nextCursor` of an earlier answer. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of payees. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayeesAnswer"];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description The person or business, as M-PESA has it. */
                        name: string;
                        /** @description The M-PESA number: 0712345678, 0112345678 or 254712345678. */
                        phoneNumber: string;
                        /**
                         * @description The `sub` of the payee's own tokens, if there are any.
                         * @default null
                         */
                        customerId?: string | null;
                    };
                };
            };
            responses: {
                /** @description The payee. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayeeAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payees/{payeeId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The payee's `id`. */
                    payeeId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The payee. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayeeAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The payee's `id`. */
                    payeeId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * @description The person or business.
                         * @default null
                         */
                        name?: string | null;
                        /**
                         * @description The M-PESA number.
                         * @default null
                         */
                        phoneNumber?: string | null;
                        /**
                         * @description The `sub` of the payee's own tokens; null for none.
                         * @default null
                         */
                        customerId?: string | null;
                    };
                };
            };
            responses: {
                /** @description The payee. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayeeAnswer"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/payees/{payeeId}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The payee's `id`. */
                    payeeId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The payee. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PayeeAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bookings/{bookingId}/done": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The booking's `id`. */
                    bookingId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @default null */
                        payeeId?: string | null;
                        /**
                         * @description A part for each payee.
                         * @default null
                         */
                        split?: {
                            /** @description The payee's `id`. */
                            payeeId: string;
                            /**
                             * @description In whole shillings; left out for the rest, once.
                             * @default null
                             */
                            amount?: number | null;
                        }[] | null;
                        /**
                         * @description Why, in one line.
                         * @default null
                         */
                        reason?: string | null;
                    };
                };
            };
            responses: {
                /** @description The booking after it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DecidedAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bookings/{bookingId}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The booking's `id`. */
                    bookingId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @default null */
                        payeeId?: string | null;
                        /**
                         * @description A part for each payee.
                         * @default null
                         */
                        split?: {
                            /** @description The payee's `id`. */
                            payeeId: string;
                            /**
                             * @description In whole shillings; left out for the rest, once.
                             * @default null
                             */
                            amount?: number | null;
                        }[] | null;
                        /**
                         * @description Why, in one line.
                         * @default null
                         */
                        reason?: string | null;
                    };
                };
            };
            responses: {
                /** @description The booking after it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DecidedAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bookings/{bookingId}/dispute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The booking's `id`. */
                    bookingId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * @description Why, in one line.
                         * @default null
                         */
                        reason?: string | null;
                    };
                };
            };
            responses: {
                /** @description The booking after it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DecidedAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bookings/{bookingId}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The booking's `id`. */
                    bookingId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /**
                         * @description In whole shillings; by default all that is held.
                         * @default null
                         */
                        amount?: number | null;
                        /**
                         * @description Why, in one line: the other person reads it.
                         * @default Refund
                         */
                        reason?: string;
                    };
                };
            };
            responses: {
                /** @description All three. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FeeRefundAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description Only events whose `sequence` is larger. */
                    after?: number;
                    /** @description Only events of this type, such as `payment.completed`, or of one object's types: `payment.*`. */
                    type?: string;
                    /** @description Only events of the object of this id. */
                    object?: string;
                    /** @description How many are shown at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of events. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventsAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description How many are shown at most. */
                    limit?: number;
                    /** @description `nextCursor` of an earlier answer. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of endpoints. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhooksAnswer"];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description Where events are sent, by POST. */
                        url: string;
                        /** @description The types of events that are sent: `payment.completed`, all of one object, `payment.*`, or `*`. */
                        types: ("*" | "payment.*" | "booking.*" | "refund.*" | "payout.*" | "endpoint.*" | "webhook.*" | "payment.created" | "payment.pending" | "payment.completed" | "payment.failed" | "payment.flagged" | "payment.resolved" | "booking.created" | "booking.held" | "booking.done" | "booking.disputed" | "booking.released" | "booking.refunding" | "booking.partly_refunded" | "booking.refunded" | "refund.requested" | "refund.approved" | "refund.rejected" | "refund.withdrawn" | "refund.lapsed" | "refund.completed" | "refund.failed" | "refund.unknown" | "refund.returned" | "payout.requested" | "payout.approved" | "payout.rejected" | "payout.withdrawn" | "payout.lapsed" | "payout.completed" | "payout.failed" | "payout.unknown" | "payout.returned" | "endpoint.disabled" | "webhook.ping")[];
                        /**
                         * @description For people: whose it is, or what it is for.
                         * @default null
                         */
                        description?: string | null;
                        /**
                         * @description Whether only the newest of several waiting versions of an object is sent.
                         * @default false
                         */
                        latestOnly?: boolean;
                    };
                };
            };
            responses: {
                /** @description The endpoint, and its secret, once. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The endpoint. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is gone. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookDeleted"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @default null */
                        url?: string | null;
                        /** @default null */
                        types?: ("*" | "payment.*" | "booking.*" | "refund.*" | "payout.*" | "endpoint.*" | "webhook.*" | "payment.created" | "payment.pending" | "payment.completed" | "payment.failed" | "payment.flagged" | "payment.resolved" | "booking.created" | "booking.held" | "booking.done" | "booking.disputed" | "booking.released" | "booking.refunding" | "booking.partly_refunded" | "booking.refunded" | "refund.requested" | "refund.approved" | "refund.rejected" | "refund.withdrawn" | "refund.lapsed" | "refund.completed" | "refund.failed" | "refund.unknown" | "refund.returned" | "payout.requested" | "payout.approved" | "payout.rejected" | "payout.withdrawn" | "payout.lapsed" | "payout.completed" | "payout.failed" | "payout.unknown" | "payout.returned" | "endpoint.disabled" | "webhook.ping")[] | null;
                        /**
                         * @description null for none.
                         * @default null
                         */
                        description?: string | null;
                        /**
                         * @description As when it was made.
                         * @default null
                         */
                        latestOnly?: boolean | null;
                    };
                };
            };
            responses: {
                /** @description The endpoint. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookAnswer"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, with `Idempotency-Replayed: true`, and does nothing again. */
                    "Idempotency-Key"?: string;
                };
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": {
                        /**
                         * @description For so long both secrets sign; 0 ends the old one at once.
                         * @default 86400
                         */
                        expireInSeconds?: number;
                    };
                };
            };
            responses: {
                /** @description The endpoint, and its secret, once. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is sent next. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PingAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description How many are shown at most. */
                    limit?: number;
                    /** @description `nextCursor` of an earlier answer. */
                    cursor?: string;
                    /** @description Only the object of this id. */
                    object?: string;
                    /** @description Only pairs that are parked, or only others. */
                    parked?: boolean;
                };
                header?: never;
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of deliveries. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeliveriesAnswer"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": {
                        /**
                         * @description Only what happened from this day or instant on.
                         * @default null
                         */
                        since?: string | null;
                        /**
                         * @description Only what happened until this day or instant.
                         * @default null
                         */
                        until?: string | null;
                        /**
                         * @description Only events of these types.
                         * @default null
                         */
                        types?: string[] | null;
                        /**
                         * @description Only events of the objects of these ids.
                         * @default null
                         */
                        objects?: string[] | null;
                    };
                };
            };
            responses: {
                /** @description What is sent again. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReplayAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The endpoint's `id`. */
                    webhookId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description `disabled`: all that happened meanwhile. `now`: nothing of it. Or an instant from which on. */
                        from: string;
                    };
                };
            };
            responses: {
                /** @description The endpoint. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WebhookAnswer"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A prompt that was sent, or of which it is not known yet whether it was. */
        PushData: {
            transactionId: string;
            /** @description Daraja's id; null while the outcome of the push is unknown. */
            checkoutRequestId: string | null;
            customerMessage: string;
            /** @description Reads this one payment for 24 hours, as a bearer token. */
            clientSecret: string;
            expiresAt: string;
            /** @description Masked. */
            phoneNumber: string;
            /** @description What may be wrong with the number, though it was prompted. */
            hint: string | null;
        };
        /** @description The answer to a push. */
        PushResponse: {
            /** @constant */
            success: true;
            message: string;
            data: components["schemas"]["PushData"];
        };
        /**
         * @description The guide's four.
         * @enum {string}
         */
        Status: "initiated" | "pending" | "completed" | "failed";
        /**
         * @description What the customer does next after a payment that failed; a page has one button for each.
         * @enum {string}
         */
        NextStep: "try_again" | "another_number" | "contact_business";
        /** @description Why a payment failed. */
        PaymentFailure: {
            /** @description Daraja's code; null when there was none. */
            code: string | null;
            /** @description One word for programs, such as `cancelled` or `no_answer`. */
            reason: string | null;
            /** @description A sentence for the customer, in the language of `Accept-Language`. */
            message: string;
            /** @description Whether the customer may be prompted again now. */
            retryable: boolean;
            /** @description The one thing for the customer to do: `try_again` (once `retryable`), `another_number` or `contact_business`. */
            nextStep: components["schemas"]["NextStep"];
        };
        /**
         * @description Why a person should look; only a person's recorded decision closes one.
         * @enum {string}
         */
        Flag: "amount_differs" | "code_unknown" | "paid_twice" | "receipt_conflict" | "several_receipts" | "stuck";
        /** @description A payment. */
        Transaction: {
            id: string;
            status: components["schemas"]["Status"];
            /** @description In shillings. */
            amount: number;
            /** @constant */
            currency: "KES";
            /** @constant */
            paymentMethod: "mpesa";
            /** @description M-PESA's receipt, once it is known. */
            mpesaReceiptNumber: string | null;
            createdAt: string;
            completedAt: string | null;
            /** @constant */
            type: "booking_fee";
            bookingId: string;
            /** @description Masked, as on M-PESA's own statements. */
            phoneNumber: string;
            /** @description What is known and what the customer does next, in the language of `Accept-Language`. */
            message: string;
            failure: components["schemas"]["PaymentFailure"] | null;
            /** @description Why a person should look at it; mostly empty. */
            review: components["schemas"]["Flag"][];
            /** @description Until then the prompt may be answered. */
            expiresAt: string;
            /** @description Rises with every change that can be seen. */
            version: number;
        };
        /** @description One payment. */
        StatusAnswer: {
            /** @constant */
            success: true;
            transaction: components["schemas"]["Transaction"];
        };
        /** @description A page of payments, newest first. */
        HistoryAnswer: {
            /** @constant */
            success: true;
            /** @description Transactions on this page. */
            count: number;
            total: number;
            page: number;
            pages: number;
            transactions: components["schemas"]["Transaction"][];
            /** @description Send it as `cursor` for the next page; null on the last. */
            nextCursor: string | null;
            /** @description So many seconds old this page is at the most; 0 where it shows how things stand now. */
            ageSeconds: number;
            /**
             * @description There is more than a search returns; left out otherwise.
             * @default false
             */
            cut: boolean;
        };
        /**
         * @description How far a booking has come.
         * @enum {string}
         */
        BookingStatus: "awaiting_payment" | "matching";
        /**
         * @description Where the money of a booking's fee is.
         * @enum {string}
         */
        FeeStatus: "unpaid" | "held" | "disputed" | "released" | "refunded" | "refunding" | "partly_refunded";
        /** @description The fee of a booking. */
        BookingFee: {
            /** @description In shillings. */
            amount: number;
            /**
             * @default KES
             * @constant
             */
            currency: "KES";
            /** @description `unpaid`, `held` in escrow, `released`, `refunding`, `partly_refunded`, or `refunded`. */
            status: components["schemas"]["FeeStatus"];
            /** @description When the payment completed; null before. */
            paidAt: string | null;
        };
        /** @description A booking. */
        BookingBody: {
            id: string;
            reference: string;
            service: string;
            customerId: string;
            /** @description `awaiting_payment`, then `matching` once the fee is held. */
            status: components["schemas"]["BookingStatus"];
            /**
             * @description Who is paid, as M-PESA shows it (POKEA_BUSINESS_NAME); null when that is not set.
             * @default null
             */
            businessName: string | null;
            bookingFee: components["schemas"]["BookingFee"];
            createdAt: string;
        };
        /** @description One booking. */
        BookingAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            booking: components["schemas"]["BookingBody"];
        };
        /**
         * @description Whether a link can be paid, and if not, why.
         * @enum {string}
         */
        LinkState: "open" | "expired" | "spent" | "off";
        /** @description A link. */
        LinkBody: {
            id: string;
            /** @description The address to send. */
            url: string;
            title: string;
            /** @description In shillings; null where the payer types it. */
            amount: number | null;
            reference: string | null;
            expiresAt: string | null;
            once: boolean;
            active: boolean;
            /** @description `open`, `expired`, `spent` (paid, of a link that is paid once) or `off`. */
            state: components["schemas"]["LinkState"];
            createdAt: string;
        };
        /** @description One link. */
        LinkAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            link: components["schemas"]["LinkBody"];
            id: string;
            url: string;
        };
        /** @description A page of links, newest first. */
        LinksAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            links: components["schemas"]["LinkBody"][];
            /** @description For the next page; null on the last. */
            nextCursor: string | null;
        };
        /** @description The link is gone. */
        LinkDeleted: {
            /**
             * @default true
             * @constant
             */
            success: true;
        };
        /**
         * @description Where a disbursement stands; computed from its steps and its attempts, never set.
         * @enum {string}
         */
        DisbursementStatus: "requested" | "rejected" | "withdrawn" | "approved" | "lapsed" | "sending" | "accepted" | "unknown" | "completed" | "failed" | "returned";
        /**
         * @description What an approved or requested disbursement waits for.
         * @enum {string}
         */
        Waiting: "needs_funds" | "cap" | "delay" | "payee_wait" | "stopped";
        /**
         * @description By which of Daraja's APIs the money goes out (law: which way).
         * @enum {string}
         */
        Way: "reversal" | "b2c";
        /** @description Why no money went out. */
        OutFailureBody: {
            /** @description Daraja's code, where it gave one (docs/codes.md). */
            code: string | null;
            message: string;
        };
        /** @description One sending. */
        OutAttemptBody: {
            id: string;
            way: components["schemas"]["Way"];
            /** @description `sending`, `accepted`, `unknown`, `completed`, `failed` or `returned`. */
            status: string;
            /** @description Why a person should look at it; usually empty. */
            flags: string[];
            /** @description M-PESA's receipt of the movement. */
            receipt: string | null;
            sentAt: string;
            failure: components["schemas"]["OutFailureBody"] | null;
        };
        /** @description What a person found out about a sending whose outcome is unknown. */
        FindingBody: {
            id: string;
            attemptId: string;
            paid: boolean;
            receipt: string | null;
            /** @description The digest of the statement in which no line fits. */
            statement: string | null;
            reason: string | null;
            foundBy: string;
            foundAt: string;
            /** @description The finding of another person that this one confirms. */
            confirms: string | null;
        };
        /** @description A payment's money that goes back to the phone that paid. */
        RefundBody: {
            id: string;
            /** @description Computed from what people did and what is proved. */
            status: components["schemas"]["DisbursementStatus"];
            /** @description `needs_funds`, `cap`, `delay`, `payee_wait` or `stopped`: what it waits for. */
            waiting: components["schemas"]["Waiting"] | null;
            /** @description In shillings. */
            amount: number;
            /**
             * @default KES
             * @constant
             */
            currency: "KES";
            way: components["schemas"]["Way"];
            /** @description The number that gets the money, masked. */
            recipient: string;
            reason: string;
            /** @description Null for a customer. */
            requestedBy: string | null;
            retriedBy: string | null;
            /** @description Null before, and where no second person is needed. */
            approvedBy: string | null;
            /** @description What is approved: any change makes another one. Null for a customer. */
            digest: string | null;
            attempts: components["schemas"]["OutAttemptBody"][];
            findings: components["schemas"]["FindingBody"][];
            /** @description M-PESA's receipt, once it is proved that the money went out. */
            receipt: string | null;
            failure: components["schemas"]["OutFailureBody"] | null;
            /** @description Why a person should look at it; usually empty. */
            flags: string[];
            version: number;
            createdAt: string;
            approvedAt: string | null;
            completedAt: string | null;
            paymentId: string;
        };
        /** @description One refund. */
        RefundAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            refund: components["schemas"]["RefundBody"];
        };
        /** @description A page of refunds, newest first. */
        RefundsAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            refunds: components["schemas"]["RefundBody"][];
            /** @description For the next page; null on the last. */
            nextCursor: string | null;
        };
        /** @description Money that goes to a payee. */
        PayoutBody: {
            id: string;
            /** @description Computed from what people did and what is proved. */
            status: components["schemas"]["DisbursementStatus"];
            /** @description `needs_funds`, `cap`, `delay`, `payee_wait` or `stopped`: what it waits for. */
            waiting: components["schemas"]["Waiting"] | null;
            /** @description In shillings. */
            amount: number;
            /**
             * @default KES
             * @constant
             */
            currency: "KES";
            way: components["schemas"]["Way"];
            /** @description The number that gets the money, masked. */
            recipient: string;
            reason: string;
            /** @description Null for a customer. */
            requestedBy: string | null;
            retriedBy: string | null;
            /** @description Null before, and where no second person is needed. */
            approvedBy: string | null;
            /** @description What is approved: any change makes another one. Null for a customer. */
            digest: string | null;
            attempts: components["schemas"]["OutAttemptBody"][];
            findings: components["schemas"]["FindingBody"][];
            /** @description M-PESA's receipt, once it is proved that the money went out. */
            receipt: string | null;
            failure: components["schemas"]["OutFailureBody"] | null;
            /** @description Why a person should look at it; usually empty. */
            flags: string[];
            version: number;
            createdAt: string;
            approvedAt: string | null;
            completedAt: string | null;
            payeeId: string;
            bookingId: string | null;
        };
        /** @description One payout. */
        PayoutAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            payout: components["schemas"]["PayoutBody"];
        };
        /** @description A page of payouts, newest first. */
        PayoutsAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            payouts: components["schemas"]["PayoutBody"][];
            /** @description For the next page; null on the last. */
            nextCursor: string | null;
        };
        /** @description A payee, whole: who confirms it compares the number. */
        PayeeBody: {
            id: string;
            name: string;
            phoneNumber: string;
            customerId: string | null;
            /**
             * @description `waiting`: confirmed, and not paid before `payableFrom`. `held`: M-PESA returned another name than before, so that another person has to confirm it anew.
             * @enum {string}
             */
            status: "unconfirmed" | "waiting" | "held" | "ready";
            payableFrom: string | null;
            changedBy: string;
            changedAt: string;
            confirmedBy: string | null;
            confirmedAt: string | null;
            createdAt: string;
        };
        /** @description One payee. */
        PayeeAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            payee: components["schemas"]["PayeeBody"];
        };
        /** @description A page of payees, newest first. */
        PayeesAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            payees: components["schemas"]["PayeeBody"][];
            /** @description For the next page; null on the last. */
            nextCursor: string | null;
        };
        /** @description The part of one payee. */
        DecisionPart: {
            payeeId: string;
            amount: number;
        };
        /** @description A decision, which is never changed. */
        DecisionBody: {
            id: string;
            /** @enum {string} */
            kind: "release" | "dispute" | "refund" | "flag";
            amount: number | null;
            split: components["schemas"]["DecisionPart"][];
            commission: number | null;
            flag: string | null;
            decidedBy: string;
            reason: string | null;
            createdAt: string;
        };
        /** @description The booking after the decision. */
        DecidedAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            booking: components["schemas"]["BookingBody"];
            /** @description Null where nothing about money was decided. */
            decision: components["schemas"]["DecisionBody"] | null;
        };
        /** @description The booking, the decision, and the refund that another person approves. */
        FeeRefundAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            booking: components["schemas"]["BookingBody"];
            decision: components["schemas"]["DecisionBody"] | null;
            refund: components["schemas"]["RefundBody"];
        };
        /** @description An event with its place in the list. */
        EventBody: {
            /** @description Its place in the list of all events; the numbers have no gap. */
            sequence: number;
            /** @description The same for ever: the key against duplicates. */
            id: string;
            type: string;
            timestamp: string;
            /** @description The object as it was at this version: see docs/events.md. */
            data: {
                [key: string]: unknown;
            };
            /** @description Whether real money moves: true in production only. */
            livemode: boolean;
        };
        /** @description A page of events, in the order of their numbers. */
        EventsAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            events: components["schemas"]["EventBody"][];
            /** @description What to send as `after` for the next page; the list is read when it is `latest`. */
            next: number;
            /** @description The last number that was given. */
            latest: number;
            /** @description With which Daraja it happened: `simulator`, `sandbox` or `production`. */
            environment: string;
        };
        /**
         * @description Whether anything is sent to an endpoint.
         * @enum {string}
         */
        EndpointStatus: "enabled" | "disabled";
        /** @description An endpoint. */
        WebhookBody: {
            id: string;
            url: string;
            types: string[];
            description: string | null;
            latestOnly: boolean;
            /** @description `disabled`: nothing is sent, and what happens waits. */
            status: components["schemas"]["EndpointStatus"];
            /**
             * @description Only of one that is disabled.
             * @default null
             */
            disabledAt: string | null;
            /**
             * @description Why it is disabled: `gone` (it answered 410) or `failing` (for five days).
             * @default null
             */
            reason: string | null;
            /** @description When the first of its failures in a row was; null while it works. */
            failingSince: string | null;
            /** @description When it is tried next, after five failures in a row. */
            nextProbeAt: string | null;
            createdAt: string;
            /**
             * @description What its messages are signed with; only in the answer that makes it.
             * @default null
             */
            secret: string | null;
        };
        /** @description One endpoint. */
        WebhookAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            webhook: components["schemas"]["WebhookBody"];
            /**
             * @description Where the secret would stand, and was shown before.
             * @default null
             */
            message: string | null;
        };
        /** @description A page of endpoints, newest first. */
        WebhooksAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            webhooks: components["schemas"]["WebhookBody"][];
            /** @description For the next page; null on the last. */
            nextCursor: string | null;
        };
        /** @description The endpoint is gone. */
        WebhookDeleted: {
            /**
             * @default true
             * @constant
             */
            success: true;
        };
        /** @description A message is on its way. */
        PingAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            webhook: components["schemas"]["WebhookBody"];
            /** @description The `webhook-id` of the message. */
            eventId: string;
        };
        /** @description How far an object has come at the endpoint. */
        DeliveryBody: {
            /** @description The object's id. */
            object: string;
            /** @description The endpoint has this version and those before that it subscribes to. */
            ackedVersion: number;
            /** @description The newest version that it subscribes to. */
            wantedVersion: number;
            /** @description Versions that are sent again. */
            again: number[];
            /**
             * @description `parked`: ten attempts failed while other events arrived; replay it.
             * @enum {string}
             */
            status: "delivered" | "waiting" | "failing" | "parked";
            /** @description Failures in a row while other events arrived. */
            attempts: number;
            /** @description From when on it is sent; null where nothing waits. */
            dueAt: string | null;
            /** @description When something was last sent. */
            triedAt: string | null;
            triedVersion: number | null;
            /** @description The status that came then; 0 for none. */
            answerStatus: number | null;
            /** @description The beginning of that answer, or why there was none. */
            answer: string | null;
        };
        /** @description A page of pairs. */
        DeliveriesAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            deliveries: components["schemas"]["DeliveryBody"][];
            /** @description For the next page; null on the last. */
            nextCursor: string | null;
        };
        /** @description What is sent again. */
        ReplayAnswer: {
            /**
             * @default true
             * @constant
             */
            success: true;
            webhook: components["schemas"]["WebhookBody"];
            /** @description How many events are sent again. */
            eventCount: number;
            /** @description Of how many objects. */
            objectCount: number;
        };
        /**
         * @description What every refused call answers.
         *
         *     - `invalid_request` (400): A field is missing, malformed or out of range. Correct the fields listed in `errors` and send again.
         *     - `malformed_body` (400): The body is not the JSON object that this call takes. Send a JSON object with `Content-Type: application/json`.
         *     - `amount_mismatch` (400): The amount is not the booking's fee. Read the booking and send its `bookingFee.amount`.
         *     - `idempotency_key_required` (400): The call has no Idempotency-Key, and it may move money. Send a key of your own, the same one when the call is repeated.
         *     - `unauthenticated` (401): The bearer token is missing, expired, or not signed as it must be. Send `Authorization: Bearer …` with a valid token.
         *     - `forbidden` (403): The token lacks the scope that this call needs. Ask for a token with the scope named in the message.
         *     - `money_out_off` (403): Money out is switched off: nothing is requested, approved or changed. An operator sets POKEA_MONEY_OUT to `on` (docs/settings.md).
         *     - `own_request` (403): The caller has asked for this, and another person must approve or confirm it. Ask another person with the scope `out:approve`.
         *     - `sign_in_again` (403): The token does not say that the caller signed in within the last 5 minutes (`auth_time`). Sign in again, and send the new token.
         *     - `not_found` (404): There is no such thing, or the caller may not see it. Check the address and the id.
         *     - `method_not_allowed` (405): This address exists, and does not take this method. Use a method of the `Allow` header.
         *     - `request_timeout` (408): The body took too long to arrive. Send the whole body at once.
         *     - `payment_in_progress` (409): A payment for this booking or this phone is still open. Watch the payment in `transactionId`, or wait until it ends.
         *     - `already_paid` (409): The fee of this booking has been paid. Nothing is due; read the booking.
         *     - `subscriber_locked` (409): Another M-PESA request is open on this phone. Finish or cancel it on the phone, wait a minute, and try again.
         *     - `idempotency_in_flight` (409): The first call with this Idempotency-Key is still being answered. Wait a moment and repeat the call with the same key.
         *     - `reference_taken` (409): Another booking has this reference. Choose another reference, or leave it out.
         *     - `digest_changed` (409): What was approved is not what is asked for now. Read it again, and approve the digest that it has now.
         *     - `already_decided` (409): This was decided before: it is approved, ended or being sent, or its money has gone another way. Read it again to see how it stands.
         *     - `above_cap` (409): The amount is above a cap of money out. Wait until the cap is free again, or let an `admin` approve it with `overCap`.
         *     - `looks_like_a_repeat` (409): The same recipient was to get the same amount within 24 hours. Look at the one in `repeats`; send `confirmRepeat` as true if this is another one.
         *     - `not_refundable` (409): The payment has brought no money that can go back now, or not by any way. Read the message, and the payment's `review`.
         *     - `beyond_payable` (409): The payee is owed less than that. Release a fee to the payee first, or pay out less.
         *     - `payee_in_use` (409): A payout to this payee is open. Wait until it ends, or withdraw it, and change the payee then.
         *     - `too_many_webhooks` (409): There are as many endpoints as there may be, or as many secrets of one sign as may. Delete an endpoint that is not used, or wait until an old secret ends.
         *     - `webhook_disabled` (409): Nothing is sent to this endpoint: it is disabled. Enable it first.
         *     - `link_closed` (410): The payment link has expired, was paid, or was switched off. Ask the business for a new link.
         *     - `too_large` (413): The body is larger than this call takes. Send less.
         *     - `idempotency_key_reused` (422): This Idempotency-Key was used with another body. Use a new key for a new request.
         *     - `too_many_requests` (429): Too many payment prompts for this phone, for this customer, or for all customers together; too many bookings of this customer; too many payments through one link or from one address; or too many open streams of one customer or client secret. Wait as long as `Retry-After` says.
         *     - `internal_error` (500): Something in Pokea failed; it is logged under the request id. Look at the payment's status before trying again.
         *     - `daraja_refused` (502): Daraja refused the request; no prompt was sent. See `errors` for Daraja's code, and `pokea explain CODE`.
         *     - `daraja_unavailable` (503): M-PESA cannot be reached or is too busy; no prompt was sent. Try again as `Retry-After` says.
         *     - `outcome_unknown` (503): The database did not say whether the change was made. Repeat the call with the same `Idempotency-Key`; without one, look first whether it was made.
         *     - `unavailable` (503): Pokea cannot reach its database, or is shedding load. Try again as `Retry-After` says.
         */
        Problem: {
            /** @constant */
            success: false;
            /** @description A sentence for a person: what is wrong and what to do. */
            message: string;
            /** @enum {string} */
            code: "invalid_request" | "malformed_body" | "amount_mismatch" | "idempotency_key_required" | "unauthenticated" | "forbidden" | "money_out_off" | "own_request" | "sign_in_again" | "not_found" | "method_not_allowed" | "request_timeout" | "payment_in_progress" | "already_paid" | "subscriber_locked" | "idempotency_in_flight" | "reference_taken" | "digest_changed" | "already_decided" | "above_cap" | "looks_like_a_repeat" | "not_refundable" | "beyond_payable" | "payee_in_use" | "too_many_webhooks" | "webhook_disabled" | "link_closed" | "too_large" | "idempotency_key_reused" | "too_many_requests" | "internal_error" | "daraja_refused" | "daraja_unavailable" | "outcome_unknown" | "unavailable";
            errors: {
                field: string;
                message: string;
            }[];
            /** @description Where waiting helps: so long, as in the `Retry-After` header. */
            retryAfterSeconds?: number;
            /** @description Also in the `X-Request-Id` header, and in the service's log. */
            requestId: string;
        } & {
            [key: string]: unknown;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
