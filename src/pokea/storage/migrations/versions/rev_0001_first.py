"""Version 1.0: the tables as they were first released.

There is no version before this one that would have to live through the deploy.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG_SERIAL = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Make every table of version 1.0, and write the version down."""
    _bookings()
    _payments()
    _indexes_of_payments()
    _evidence()
    _money()
    _calls()
    _daraja()
    _version()


def _bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("fee_cents", sa.BigInteger, nullable=False),
        sa.Column("fee_status", sa.Text, nullable=False),
        sa.Column("fee_payment_id", sa.Text),
        sa.Column("paid_at", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
        sa.UniqueConstraint("reference", name="uq_bookings_reference"),
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("booking_id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("msisdn", sa.Text, nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("account_reference", sa.Text, nullable=False),
        sa.Column("confirm", sa.Boolean, nullable=False),
        sa.Column("callback_digest", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("checkout_request_id", sa.Text),
        sa.Column("merchant_request_id", sa.Text),
        sa.Column("completed_at", sa.BigInteger),
        sa.Column("completed_by", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("transaction_date", sa.Text),
        sa.Column("failure_code", sa.Text),
        sa.Column("failure_reason", sa.Text),
        sa.Column("failed_at", sa.BigInteger),
        sa.Column("review", sa.Text, nullable=False),
        sa.Column("money", sa.Text),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("locked_until", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("claimed_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.UniqueConstraint("callback_digest", name="uq_payments_callback_digest"),
    )


def _indexes_of_payments() -> None:
    _index("one_live_payment_a_booking", "payments", "booking_id", unique=True, where="live")
    _index("one_live_payment_a_phone", "payments", "msisdn", unique=True, where="live")
    _index("one_held_payment_a_booking", "payments", "booking_id", unique=True, where="money = 'held'")
    _index("payments_due", "payments", "due_at", where="due_at is not null")
    _index("payments_checkout", "payments", "checkout_request_id", where="checkout_request_id is not null")
    _index("payments_claimed", "payments", "claimed_at", where="claimed_at is not null")
    _index("payments_booking", "payments", "booking_id")
    _index("payments_owner", "payments", "owner", "created_at", "id")
    _index("payments_phone", "payments", "msisdn", "created_at")
    _index("payments_created", "payments", "created_at", "id")


def _index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("trusted", sa.Boolean, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("amount_cents", sa.BigInteger),
        sa.Column("receipt", sa.Text),
        sa.Column("checkout_request_id", sa.Text),
        sa.Column("merchant_request_id", sa.Text),
        sa.Column("transaction_date", sa.Text),
        sa.Column("body", sa.LargeBinary),
        sa.Column("applied", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "id", name="pk_evidence"),
    )
    _index("evidence_unapplied", "evidence", "received_at", where="not applied")
    op.create_table(
        "receipts",
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("receipt", name="pk_receipts"),
    )
    op.create_table(
        "claims",
        sa.Column("id", _BIG_SERIAL, autoincrement=True, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("checkout_request_id", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claims"),
    )


def _money() -> None:
    op.create_table(
        "postings",
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("posted_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "kind", name="pk_postings"),
    )
    _index("postings_account", "postings", "account")
    op.create_table(
        "outbox",
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "version", name="pk_outbox"),
    )


def _calls() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body_digest", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", "route", "key", name="pk_idempotency_keys"),
    )
    _index("idempotency_keys_created", "idempotency_keys", "created_at")


def _daraja() -> None:
    op.create_table(
        "oauth_tokens",
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("app", name="pk_oauth_tokens"),
    )
    op.create_table(
        "query_budget",
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("rate", sa.Float, nullable=False),
        sa.Column("tokens", sa.Float, nullable=False),
        sa.Column("filled_at", sa.BigInteger, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("app", name="pk_query_budget"),
    )


def _version() -> None:
    version = op.create_table(
        "schema_version",
        sa.Column("major", sa.Integer, nullable=False),
        sa.Column("minor", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("major", name="pk_schema_version"),
    )
    op.bulk_insert(version, [{"major": 1, "minor": 0}])
