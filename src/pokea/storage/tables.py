"""The tables, as version 3.5 of the schema has them.

Instants are microseconds of UTC, money is cents. Evidence, receipts and postings only grow.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pokea.storage.column_marks import asked, derived, schedule
from pokea.storage.event_tables import event_stream as event_stream  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.event_tables import events as events  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.event_tables import outbox as outbox  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.link_tables import link_bookings as link_bookings  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.link_tables import link_uses as link_uses  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.link_tables import links as links  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.metadata import metadata as metadata  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import attempts as attempts  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import brake_facts as brake_facts  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import decisions as decisions  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import disbursement_steps as disbursement_steps  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import disbursements as disbursements  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import done_bookings as done_bookings  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import findings as findings  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import funds as funds  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import money_out as money_out  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import out_addresses as out_addresses  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import payees as payees  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.out_tables import recipient_names as recipient_names  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.webhook_tables import deliveries as deliveries  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.webhook_tables import endpoint_secrets as endpoint_secrets  # noqa: PLC0414 - it is one of this schema's too
from pokea.storage.webhook_tables import endpoints as endpoints  # noqa: PLC0414 - it is one of this schema's too

ASIDE = "account not in ('mpesa_clearing', 'fees_held')"
"""Entries on any other account than the two that a payment for a booking touches."""


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows for which `where` holds, on either database."""
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))


merchants = Table(
    "merchants",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("reference", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("fee_cents", BigInteger, nullable=False),
    Column("fee_status", Text, nullable=False),
    Column("fee_payment_id", Text),
    Column("paid_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("merchant_id", "reference"),
    # People copy a reference without regard to case.
    Index("bookings_spelt", "merchant_id", text("lower(reference)")),
    postgresql_with={"fillfactor": 50},
)

# A payment is two rows (docs/decisions/0030). This one is wide and has few indexes: it is written when the payment is
# made, when Daraja accepts it and when it ends. Its ids begin with the millisecond in which they were made, so that its
# partitions can be ranges of ids. What is still open has a second, narrow row.
payments = Table(
    "payments",
    metadata,
    asked("id", Text, primary_key=True),
    asked("merchant_id", Integer),
    asked("booking_id", Text),
    asked("owner", Text),
    asked("msisdn", Text),
    asked("amount_cents", BigInteger),
    asked("type", Text),
    asked("account_reference", Text),
    asked("requires_query", Boolean),
    # Of the callback token of a payment that was made before version 3.3, whose address has the token alone.
    asked("callback_digest", LargeBinary, nullable=True),
    asked("created_at", BigInteger),
    asked("expires_at", BigInteger),
    derived("version", Integer, nullable=False),
    derived("status", Text, nullable=False, visible=True),
    derived("request_id", Text, visible=True),
    derived("originator_id", Text),
    derived("completed_at", BigInteger, visible=True),
    derived("completed_by", Text),
    derived("receipt", Text, visible=True),
    derived("provider_time", Text),
    derived("failure_code", Text, visible=True),
    derived("failure_reason", Text, visible=True),
    derived("failed_at", BigInteger),
    derived("flags", Text, nullable=False, visible=True),
    derived("disposition", Text, visible=True),
    # How often Daraja had been asked, and when last, by the time that nothing was left to do.
    derived("inquiries", Integer, nullable=False),
    derived("last_inquiry_at", BigInteger),
    _partial("payments_callback", "callback_digest", where="callback_digest is not null"),
    Index("payments_booking", "booking_id"),
    Index("payments_owner", "merchant_id", "owner", "created_at", "id"),
    Index("payments_phone", "merchant_id", "msisdn", "created_at"),
    Index("payments_created", "merchant_id", "created_at", "id"),
    # No index reads what an acceptance or a completion changes: so it is changed in place (docs/decisions/0051).
    _partial("payments_failed", "merchant_id", "created_at", "id", where="failed_at is not null"),
    postgresql_with={"fillfactor": 50},
)

open_payments = Table(
    "open_payments",
    metadata,
    # One row for each payment that is locked, asked about or waited for; it goes when nothing is left to do.
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("booking_id", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("request_id", Text),
    schedule("lease_until", BigInteger),
    schedule("is_locking", Boolean),
    schedule("locked_until", BigInteger),
    schedule("next_action_at", BigInteger, nullable=True),
    schedule("inquiries", Integer),
    schedule("last_inquiry_at", BigInteger, nullable=True),
    schedule("inquiry_requested_at", BigInteger, nullable=True),
    _partial("one_live_payment_a_booking", "booking_id", unique=True, where="is_locking"),
    _partial("one_live_payment_a_phone", "merchant_id", "msisdn", unique=True, where="is_locking"),
    _partial("open_payments_queue", "status", "next_action_at", "id", where="next_action_at is not null"),
    Index("open_payments_newest", "status", "created_at", "id"),
    _partial("open_payments_requested", "inquiry_requested_at", where="inquiry_requested_at is not null"),
)

flags = Table(
    "flags",
    metadata,
    # Why a person should look at an operation; a recorded decision closes one.
    Column("operation_id", Text, primary_key=True),
    Column("flag", Text, primary_key=True),
    Column("raised_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("decision_id", Text),
    _partial("flags_open", "flag", "raised_at", where="closed_at is null"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("operation_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("proved", Boolean, nullable=False),
    Column("code", Text),
    Column("reason", Text),
    Column("amount_cents", BigInteger),
    Column("receipt", Text),
    Column("request_id", Text),
    Column("originator_id", Text),
    Column("provider_time", Text),
    Column("body", LargeBinary),
    Column("applied", Boolean, nullable=False),
    _partial("evidence_unapplied", "received_at", where="not applied"),
    # A payment is found by the id that Daraja gave to its push.
    _partial("evidence_accepted", "request_id", where="source = 'push_accepted'"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
    Column("receipt", Text, primary_key=True),
    Column("operation_id", Text, nullable=False),
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
    # A payment, a disbursement or a decision.
    Column("source_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("merchant_id", Integer, nullable=False),
    Column("account", Text, nullable=False),
    # Whose account it is, where an account is kept for each of several parties.
    Column("party_id", Text),
    # A debit is positive, a credit negative: the books sum to nothing.
    Column("amount_cents", BigInteger, nullable=False),
    Column("posted_at", BigInteger, nullable=False),
    # Of the accounts that not each payment touches: their entries are few, and people look for them.
    _partial("postings_aside", "merchant_id", "account", where=ASIDE),
)

# Counts (law: counting). What changes is only inserted, without a key, and folded into the totals in the background; a
# count is its total and what is not yet folded. Days and hours are those of East Africa Time, numbered from 1970.
owner_deltas = Table(
    "owner_deltas",
    metadata,
    Column("merchant_id", Integer, nullable=False),
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
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
    Column("owner", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("initiated", Integer, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    # For counting a day again.
    Index("owner_counts_day", "merchant_id", "day"),
)

counter_deltas = Table(
    "counter_deltas",
    metadata,
    Column("merchant_id", Integer, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
    # `day` or `hour`, and its number.
    Column("span", Text, primary_key=True),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    # For totals: the few names that are added up lie together, with their amounts.
    Index("counters_named", "merchant_id", "span", "name", "start", "amount"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
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
    _partial("alerts_due", "due_at", where="due_at is not null"),
)

schema_version = Table(
    "schema_version",
    metadata,
    Column("major", Integer, primary_key=True),
    Column("minor", Integer, nullable=False),
)
