/**
 * Written by `make docs` from our OpenAPI.
 */

export interface paths {
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
                        /** @description Shown in the prompt and on statements: 1 to 12 letters, digits or dashes. Made when left out. */
                        reference?: string | null;
                        /** @description Whose booking it is; `admin` only. By default the caller's. */
                        customerId?: string | null;
                        /** @description The fee in whole shillings; `admin` only. By default the service's fee. */
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
                        /** @description In whole shillings. The payer types it when it is left out. */
                        amount?: number | null;
                        /** @description Shown in the prompt and on statements. Whole where `once` is true; otherwise at most 7 characters, to which each payment adds its own. Made when left out. */
                        reference?: string | null;
                        /** @description A day or an instant after which nothing can be paid. */
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
                        /** @description What is paid, in words. */
                        title?: string | null;
                        /** @description A day or an instant; null for no end. */
                        expiresAt?: string | null;
                        /** @description false switches the link off, true on again. */
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
                        "application/json": {
                            /** @constant */
                            success: true;
                            message: string;
                            data: components["schemas"]["PushData"];
                        };
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
                        "application/json": {
                            /** @constant */
                            success: true;
                            transaction: components["schemas"]["Transaction"];
                        };
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
                        "application/json": {
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
                            /**
                             * @description There is more than a search returns; left out otherwise.
                             * @default false
                             */
                            cut: boolean;
                        };
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
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description How far a booking has come.
         * @enum {string}
         */
        BookingStatus: "awaiting_payment" | "matching";
        /**
         * @description Where the money of a booking's fee is.
         * @enum {string}
         */
        FeeStatus: "unpaid" | "held" | "released" | "refunded";
        /** @description The fee of a booking. */
        BookingFee: {
            /** @description In shillings. */
            amount: number;
            /**
             * @default KES
             * @constant
             */
            currency: "KES";
            /** @description `unpaid`, `held` in escrow, `released`, or `refunded`. */
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
            /** @description Who is paid, as M-PESA shows it (POKEA_BUSINESS_NAME); null when that is not set. */
            businessName?: string | null;
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
        /**
         * @description What every refused call answers.
         *
         *     - `invalid_request` (400): A field is missing, malformed or out of range. Correct the fields listed in `errors` and send again.
         *     - `malformed_body` (400): The body is not the JSON object that this call takes. Send a JSON object with `Content-Type: application/json`.
         *     - `amount_mismatch` (400): The amount is not the booking's fee. Read the booking and send its `bookingFee.amount`.
         *     - `unauthenticated` (401): The bearer token is missing, expired, or not signed as it must be. Send `Authorization: Bearer …` with a valid token.
         *     - `forbidden` (403): The token lacks the scope that this call needs. Ask for a token with the scope named in the message.
         *     - `not_found` (404): There is no such thing, or the caller may not see it. Check the address and the id.
         *     - `method_not_allowed` (405): This address exists, and does not take this method. Use a method of the `Allow` header.
         *     - `request_timeout` (408): The body took too long to arrive. Send the whole body at once.
         *     - `payment_in_progress` (409): A payment for this booking or this phone is still open. Watch the payment in `transactionId`, or wait until it ends.
         *     - `already_paid` (409): The fee of this booking has been paid. Nothing is due; read the booking.
         *     - `subscriber_locked` (409): Another M-PESA request is open on this phone. Finish or cancel it on the phone, wait a minute, and try again.
         *     - `idempotency_in_flight` (409): The first call with this Idempotency-Key is still being answered. Wait a moment and repeat the call with the same key.
         *     - `reference_taken` (409): Another booking has this reference. Choose another reference, or leave it out.
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
            code: "invalid_request" | "malformed_body" | "amount_mismatch" | "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "request_timeout" | "payment_in_progress" | "already_paid" | "subscriber_locked" | "idempotency_in_flight" | "reference_taken" | "link_closed" | "too_large" | "idempotency_key_reused" | "too_many_requests" | "internal_error" | "daraja_refused" | "daraja_unavailable" | "outcome_unknown" | "unavailable";
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
