"""Version 2.0: payments as operations, cut for all that comes.

What is open about a payment has a narrow row of its own, evidence and receipts name an operation and postings a source,
flags are rows, and every row that another merchant could have as well names its merchant. A new major: stop every
process of 1.x, run `pokea migrate`, then start this version. Every payment, booking, piece of evidence and count is
kept. SQLite and PostgreSQL make a table anew where its key changes, which needs the space of the largest one once more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TYPES: Final[Mapping[str, Any]] = {
    "text": sa.Text,
    "int": sa.Integer,
    "big": sa.BigInteger,
    "bool": sa.Boolean,
    "bytes": sa.LargeBinary,
}
_FLAGS: Final = ("amount_differs", "code_unknown", "paid_twice", "receipt_conflict", "several_receipts", "stuck")


class _New(NamedTuple):
    """A table as it is made. A column is its name and type, `?` behind it where it may be null.

    `values` says where other values than those of a column of the same name come from.
    """

    name: str
    columns: str
    key: Sequence[str]
    values: Mapping[str, str]
    unique: Sequence[str] = ()


_MERCHANT: Final = {"merchant_id": "1"}
_REBUILT: Final = (
    _New(
        "bookings",
        "id text, merchant_id int, reference text, service text, customer_id text, status text, fee_cents big, "
        "fee_status text, fee_payment_id text?, paid_at big?, created_at big, version int",
        ("id",),
        {**_MERCHANT, "version": "case when fee_status = 'unpaid' then 1 else 2 end"},
        ("merchant_id", "reference"),
    ),
    _New(
        "payments",
        "id text, merchant_id int, booking_id text, owner text, msisdn text, amount_cents big, type text, "
        "account_reference text, requires_query bool, callback_digest bytes, created_at big, expires_at big, "
        "version int, status text, request_id text?, originator_id text?, completed_at big?, completed_by text?, "
        "receipt text?, provider_time text?, failure_code text?, failure_reason text?, failed_at big?, flags text, "
        "disposition text?, inquiries int, last_inquiry_at big?",
        ("id",),
        {
            **_MERCHANT,
            "requires_query": "confirm",
            "request_id": "checkout_request_id",
            "originator_id": "merchant_request_id",
            "provider_time": "transaction_date",
            "flags": "review",
            "disposition": "money",
            "inquiries": "attempts",
            "last_inquiry_at": "asked_at",
        },
    ),
    _New(
        "receipts",
        "merchant_id int, receipt text, operation_id text",
        ("merchant_id", "receipt"),
        {**_MERCHANT, "operation_id": "payment_id"},
    ),
    _New(
        "postings",
        "source_id text, kind text, line int, merchant_id int, account text, party_id text?, amount_cents big, "
        "posted_at big",
        ("source_id", "kind", "line"),
        {**_MERCHANT, "source_id": "payment_id", "line": "0", "party_id": "cast(null as text)"},
    ),
    _New(
        "outbox",
        "object_id text, version int, merchant_id int, type text, created_at big",
        ("object_id", "version"),
        {**_MERCHANT, "object_id": "payment_id", "type": "kind"},
    ),
    _New(
        "owner_deltas",
        "merchant_id int, owner text, day int, initiated int, pending int, completed int, failed int",
        (),
        _MERCHANT,
    ),
    _New(
        "owner_counts",
        "merchant_id int, owner text, day int, initiated int, pending int, completed int, failed int",
        ("merchant_id", "owner", "day"),
        _MERCHANT,
    ),
    _New("counter_deltas", "merchant_id int, hour int, name text, amount big", (), _MERCHANT),
    _New(
        "counters",
        "merchant_id int, span text, start int, name text, amount big",
        ("merchant_id", "span", "start", "name"),
        _MERCHANT,
    ),
    _New(
        "idempotency_keys",
        "merchant_id int, subject text, route text, key text, body_digest text, object_id text, created_at big",
        ("merchant_id", "subject", "route", "key"),
        _MERCHANT,
    ),
)
_OPEN: Final = _New(
    "open_payments",
    "id text, merchant_id int, booking_id text, msisdn text, created_at big, status text, request_id text?, "
    "lease_until big, is_locking bool, locked_until big, next_action_at big?, inquiries int, last_inquiry_at big?, "
    "inquiry_requested_at big?",
    ("id",),
    {
        **_MERCHANT,
        "request_id": "checkout_request_id",
        "is_locking": "live",
        "next_action_at": "due_at",
        "inquiries": "attempts",
        "last_inquiry_at": "asked_at",
        "inquiry_requested_at": "claimed_at",
    },
)
_STILL_OPEN: Final = "live or due_at is not null or claimed_at is not null"
_FLAG_ROWS: Final = _New(
    "flags",
    "operation_id text, flag text, raised_at big, closed_at big?, decision_id text?",
    ("operation_id", "flag"),
    {},
)
_OLD_INDEXES: Final = (
    *("one_live_payment_a_booking", "one_live_payment_a_phone", "one_held_payment_a_booking", "payments_due"),
    *("payments_queue", "payments_checkout", "payments_claimed", "payments_booking", "payments_owner"),
    *("payments_phone", "payments_created", "payments_unpaid", "postings_account", "owner_counts_day"),
    "idempotency_keys_created",
)


class _NewIndex(NamedTuple):
    name: str
    table: str
    columns: Sequence[str]
    where: str = ""
    unique: bool = False


_INDEXES: Final = (
    _NewIndex("payments_callback", "payments", ("callback_digest",), unique=True),
    _NewIndex("payments_request", "payments", ("request_id",), "request_id is not null"),
    _NewIndex("payments_booking", "payments", ("booking_id",)),
    _NewIndex("payments_owner", "payments", ("merchant_id", "owner", "created_at", "id")),
    _NewIndex("payments_phone", "payments", ("merchant_id", "msisdn", "created_at")),
    _NewIndex("payments_created", "payments", ("merchant_id", "created_at", "id")),
    _NewIndex("payments_unpaid", "payments", ("merchant_id", "status", "created_at", "id"), "status <> 'completed'"),
    _NewIndex("one_live_payment_a_booking", "open_payments", ("booking_id",), "is_locking", unique=True),
    _NewIndex("one_live_payment_a_phone", "open_payments", ("merchant_id", "msisdn"), "is_locking", unique=True),
    _NewIndex("open_payments_due", "open_payments", ("next_action_at",), "next_action_at is not null"),
    _NewIndex("open_payments_queue", "open_payments", ("status", "next_action_at", "id"), "next_action_at is not null"),
    _NewIndex("open_payments_newest", "open_payments", ("status", "created_at", "id")),
    _NewIndex(
        "open_payments_requested", "open_payments", ("inquiry_requested_at",), "inquiry_requested_at is not null"
    ),
    _NewIndex("flags_open", "flags", ("flag", "raised_at"), "closed_at is null"),
    _NewIndex("postings_account", "postings", ("merchant_id", "account")),
    _NewIndex("owner_counts_day", "owner_counts", ("merchant_id", "day")),
    _NewIndex("idempotency_keys_created", "idempotency_keys", ("created_at",)),
)


def upgrade() -> None:
    """Make the tables of version 2.0 of those of 1.x, keep what they hold, and write the version down."""
    for name in _OLD_INDEXES:
        op.drop_index(name)
    _make_merchants()
    _make(_OPEN)
    _copy(_OPEN, "payments", _STILL_OPEN)
    _make(_FLAG_ROWS)
    for flag in _FLAGS:
        op.execute(
            "insert into flags (operation_id, flag, raised_at) "  # noqa: S608 - made of constants
            f"select id, '{flag}', coalesce(completed_at, failed_at, created_at) from payments "
            f"where ',' || review || ',' like '%,{flag},%'"
        )
    for table in _REBUILT:
        _rebuild(table)
    _rename_columns()
    for index in _INDEXES:
        where = sa.text(index.where) if index.where else None
        op.create_index(
            index.name,
            index.table,
            list(index.columns),
            unique=index.unique,
            postgresql_where=where,
            sqlite_where=where,
        )
    op.execute("update schema_version set major = 2, minor = 0")


def _make_merchants() -> None:
    op.create_table(
        "merchants",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_merchants"),
        sa.UniqueConstraint("name", name="uq_merchants_name"),
    )
    op.execute("insert into merchants (id, name) values (1, 'default')")


def _make(table: _New) -> None:
    constraints: list[sa.Constraint] = []
    if table.key:
        constraints.append(sa.PrimaryKeyConstraint(*table.key, name=f"pk_{table.name}"))
    if table.unique:
        constraints.append(sa.UniqueConstraint(*table.unique, name=f"uq_{table.name}_{'_'.join(table.unique)}"))
    op.create_table(table.name, *_columns(table.columns), *constraints)


def _columns(spec: str) -> list[sa.Column[Any]]:
    made = []
    for each in spec.split(", "):
        name, kind = each.split(" ")
        made.append(sa.Column(name, _TYPES[kind.rstrip("?")](), nullable=kind.endswith("?"), autoincrement=False))
    return made


def _copy(table: _New, source: str, where: str = "true") -> None:
    names = [each.split(" ")[0] for each in table.columns.split(", ")]
    values = ", ".join(table.values.get(name, name) for name in names)
    op.execute(
        f"insert into {table.name} ({', '.join(names)}) select {values} from {source} where {where}"  # noqa: S608 - made of constants
    )


def _rebuild(table: _New) -> None:
    """Make the table anew under its own name, with what the old one held."""
    old = f"old_{table.name}"
    op.rename_table(table.name, old)
    if op.get_bind().dialect.name == "postgresql":
        # The old key's index would otherwise keep the name that the new one is to have.
        for constraint in sa.inspect(op.get_bind()).get_unique_constraints(old):
            op.execute(f'alter table {old} rename constraint "{constraint["name"]}" to "old_{constraint["name"]}"')
        key = sa.inspect(op.get_bind()).get_pk_constraint(old)["name"]
        if key:
            op.execute(f'alter table {old} rename constraint "{key}" to "old_{key}"')
    _make(table)
    _copy(table, old)
    op.drop_table(old)


def _rename_columns() -> None:
    """Evidence and claims keep their rows: only names change."""
    for table, old, new in (
        ("evidence", "payment_id", "operation_id"),
        ("evidence", "kind", "source"),
        ("evidence", "trusted", "proved"),
        ("evidence", "checkout_request_id", "request_id"),
        ("evidence", "merchant_request_id", "originator_id"),
        ("evidence", "transaction_date", "provider_time"),
        ("claims", "checkout_request_id", "request_id"),
    ):
        op.execute(f"alter table {table} rename column {old} to {new}")
