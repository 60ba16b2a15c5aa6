"""The tables, as version 1.5 of the schema has them.

Instants are microseconds of UTC, money is cents. Evidence, receipts, postings and the outbox only grow.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("fee_cents", BigInteger, nullable=False),
    Column("fee_status", Text, nullable=False),
    Column("fee_payment_id", Text),
    Column("paid_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    # What was asked for: written once, with the row.
    Column("booking_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("account_reference", Text, nullable=False),
    Column("requires_query", Boolean, nullable=False),
    Column("callback_digest", LargeBinary, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    # What follows from the evidence: written by the settler alone.
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("request_id", Text),
    Column("originator_id", Text),
    Column("completed_at", BigInteger),
    Column("completed_by", Text),
    Column("receipt", Text),
    Column("provider_time", Text),
    Column("failure_code", Text),
    Column("failure_reason", Text),
    Column("failed_at", BigInteger),
    Column("review", Text, nullable=False),
    Column("disposition", Text),
    Column("is_locking", Boolean, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
    # What is still to be done about it.
    Column("next_action_at", BigInteger),
    Column("inquiries", Integer, nullable=False),
    Column("last_inquiry_at", BigInteger),
    Column("inquiry_requested_at", BigInteger),
    Index(
        "one_live_payment_a_booking",
        "booking_id",
        unique=True,
        postgresql_where=text("is_locking"),
        sqlite_where=text("is_locking"),
    ),
    Index(
        "one_live_payment_a_phone",
        "msisdn",
        unique=True,
        postgresql_where=text("is_locking"),
        sqlite_where=text("is_locking"),
    ),
    Index(
        "one_held_payment_a_booking",
        "booking_id",
        unique=True,
        postgresql_where=text("disposition = 'held'"),
        sqlite_where=text("disposition = 'held'"),
    ),
    Index(
        "payments_due",
        "next_action_at",
        postgresql_where=text("next_action_at is not null"),
        sqlite_where=text("next_action_at is not null"),
    ),
    Index(
        "payments_queue",
        "status",
        "next_action_at",
        "id",
        postgresql_where=text("next_action_at is not null"),
        sqlite_where=text("next_action_at is not null"),
    ),
    Index(
        "payments_checkout",
        "request_id",
        postgresql_where=text("request_id is not null"),
        sqlite_where=text("request_id is not null"),
    ),
    Index(
        "payments_claimed",
        "inquiry_requested_at",
        postgresql_where=text("inquiry_requested_at is not null"),
        sqlite_where=text("inquiry_requested_at is not null"),
    ),
    Index("payments_booking", "booking_id"),
    Index("payments_owner", "owner", "created_at", "id"),
    Index("payments_phone", "msisdn", "created_at"),
    Index("payments_created", "created_at", "id"),
    # Most payments complete: they leave this index, and are found by `payments_created`.
    Index(
        "payments_unpaid",
        "status",
        "created_at",
        "id",
        postgresql_where=text("status <> 'completed'"),
        sqlite_where=text("status <> 'completed'"),
    ),
)

evidence = Table(
    "evidence",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("trusted", Boolean, nullable=False),
    Column("code", Text),
    Column("reason", Text),
    Column("amount_cents", BigInteger),
    Column("receipt", Text),
    Column("request_id", Text),
    Column("originator_id", Text),
    Column("provider_time", Text),
    Column("body", LargeBinary),
    Column("applied", Boolean, nullable=False),
    Index(
        "evidence_unapplied",
        "received_at",
        postgresql_where=text("not applied"),
        sqlite_where=text("not applied"),
    ),
)

receipts = Table(
    "receipts",
    metadata,
    Column("receipt", Text, primary_key=True),
    Column("payment_id", Text, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    # A ring: the newest ten thousand bodies that prove nothing (law: inquiries).
    Column("id", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True),
    Column("received_at", BigInteger, nullable=False),
    Column("request_id", Text),
    Column("body", LargeBinary, nullable=False),
)

postings = Table(
    "postings",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("account", Text, nullable=False),
    # A debit is positive, a credit negative: the books sum to nothing.
    Column("amount_cents", BigInteger, nullable=False),
    Column("posted_at", BigInteger, nullable=False),
    Index("postings_account", "account"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# Counts (law: counting). What changes is only inserted, without a key, and folded into the totals in the background; a
# count is its total and what is not yet folded. Days and hours are those of East Africa Time, numbered from 1970.
owner_deltas = Table(
    "owner_deltas",
    metadata,
    Column("owner", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("initiated", Integer, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
)

owner_counts = Table(
    "owner_counts",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("initiated", Integer, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    # For counting a day again.
    Index("owner_counts_day", "day"),
)

counter_deltas = Table(
    "counter_deltas",
    metadata,
    Column("hour", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    # `day` or `hour`, and its number.
    Column("span", Text, primary_key=True),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_digest", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("idempotency_keys_created", "created_at"),
)

oauth_tokens = Table(
    "oauth_tokens",
    metadata,
    Column("app", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("sealed", LargeBinary),
    Column("expires_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
)

query_budget = Table(
    "query_budget",
    metadata,
    Column("app", Text, primary_key=True),
    Column("rate", Float, nullable=False),
    Column("tokens", Float, nullable=False),
    Column("filled_at", BigInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
)

book_rounds = Table(
    "book_rounds",
    metadata,
    # How far the check of the books has come along one table's ids, and who is at it.
    Column("ground", Text, primary_key=True),
    Column("position", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("looked_at", BigInteger),
    Column("hurried", Boolean, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
)

book_violations = Table(
    "book_violations",
    metadata,
    # Where a rule was found not to hold; a later check of the same place takes it away.
    Column("rule", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("ground", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("found_at", BigInteger, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    # What a person must hear of: one row, however often and by however many processes it is found.
    Column("code", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    # What is still to be done about it.
    Column("sent_at", BigInteger),
    Column("due_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Index(
        "alerts_due",
        "due_at",
        postgresql_where=text("due_at is not null"),
        sqlite_where=text("due_at is not null"),
    ),
)

schema_version = Table(
    "schema_version",
    metadata,
    Column("major", Integer, primary_key=True),
    Column("minor", Integer, nullable=False),
)
