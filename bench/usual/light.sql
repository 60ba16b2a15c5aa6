-- The guide's two collections, as such a service usually keeps them in PostgreSQL.
create table bookings (
    id text primary key,
    customer_id text not null,
    status text not null default 'awaiting_payment',
    fee_amount integer not null,
    fee_status text not null default 'unpaid',
    fee_paid_at timestamptz,
    created_at timestamptz not null default now()
);
create table transactions (
    id text primary key,
    booking_id text not null references bookings (id),
    payer text not null,
    type text not null default 'booking_fee',
    amount integer not null,
    status text not null default 'pending',
    checkout_request_id text not null unique,
    merchant_request_id text,
    mpesa_receipt_number text unique,
    result_code integer,
    result_description text,
    webhook_data jsonb,
    created_at timestamptz not null default now(),
    completed_at timestamptz
);
create index transactions_payer on transactions (payer, created_at);
