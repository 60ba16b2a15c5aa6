"""The tables of money out, as version 2.2 of the schema has them (law: attempts and their status; law: escrow).

A disbursement is what is owed, an attempt is one sending of it. Steps, findings, decisions and evidence only grow; the
rows beside them are functions of them.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pokea.storage.metadata import metadata


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


disbursements = Table(
    "disbursements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    # Of a refund, whose money goes back; of a payout, who is paid.
    Column("payment_id", Text),
    Column("payee_id", Text),
    Column("booking_id", Text),
    Column("decision_id", Text),
    Column("amount_cents", BigInteger, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("retried_by", Text),
    Column("created_at", BigInteger, nullable=False),
    # What is approved: the digest of all that a change would alter, with a nonce that each change draws anew.
    Column("nonce", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("needs_second_person", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", BigInteger),
    Column("is_over_cap", Boolean, nullable=False),
    Column("waiting", Text),
    Column("receipt", Text),
    Column("failure_code", Text),
    Column("failure_reason", Text),
    Column("completed_at", BigInteger),
    Column("flags", Text, nullable=False),
    # When the worker looks at it again: to send it, or to let its approval lapse.
    Column("next_action_at", BigInteger),
    CheckConstraint("approved_by not in (requested_by, coalesce(retried_by, requested_by))", name="two_people"),
    Index("disbursements_newest", "merchant_id", "kind", "id"),
    Index("disbursements_status", "merchant_id", "kind", "status", "id"),
    Index("disbursements_recipient", "merchant_id", "recipient", "created_at"),
    Index("disbursements_payment", "payment_id", **_where("payment_id is not null")),
    Index("disbursements_payee", "payee_id", **_where("payee_id is not null")),
    Index("disbursements_booking", "booking_id", **_where("booking_id is not null")),
    Index("disbursements_approved", "merchant_id", "approved_at", **_where("approved_at is not null")),
    Index("disbursements_due", "next_action_at", **_where("next_action_at is not null")),
)

disbursement_steps = Table(
    "disbursement_steps",
    metadata,
    # What people did about a disbursement, in order.
    Column("disbursement_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text),
    Column("digest", Text),
    Column("made_at", BigInteger, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("disbursement_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("way", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("recipient", Text, nullable=False),
    # The receipt of the payment that a reversal undoes.
    Column("original_receipt", Text),
    # Ours, sent with a B2C payment; a reversal has none.
    Column("originator_id", Text),
    # The digest that was approved.
    Column("digest", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    # From its making until it is proved failed; it never begins again, also where money then proves to have gone out.
    Column("is_live", Boolean, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("request_id", Text),
    Column("receipt", Text),
    Column("receiver_name", Text),
    Column("charge_cents", BigInteger),
    Column("completed_at", BigInteger),
    Column("failure_code", Text),
    Column("failure_reason", Text),
    Column("flags", Text, nullable=False),
    Column("inquiries", Integer, nullable=False),
    Column("last_inquiry_at", BigInteger),
    Column("next_action_at", BigInteger),
    UniqueConstraint("disbursement_id", "number"),
    Index("one_live_attempt", "disbursement_id", unique=True, **_where("is_live")),
    Index("attempts_originator", "originator_id", unique=True, **_where("originator_id is not null")),
    Index("attempts_request", "request_id", **_where("request_id is not null")),
    Index("attempts_completed", "merchant_id", "completed_at", **_where("completed_at is not null")),
    Index("attempts_due", "next_action_at", **_where("next_action_at is not null")),
    Index("attempts_open", "status", "created_at", **_where("is_live and completed_at is null")),
)

out_addresses = Table(
    "out_addresses",
    metadata,
    # Each address that Daraja was given, by the digest of its token: it belongs to one attempt and one purpose.
    Column("digest", LargeBinary, primary_key=True),
    # An attempt, or the question about the balance.
    Column("owner_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("question", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    # What a person found out about an attempt; it counts once a second person has found the same.
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("attempt_id", Text, nullable=False),
    Column("is_paid", Boolean, nullable=False),
    Column("receipt", Text),
    # Of a finding that nothing was paid: the digest of the complete statement that shows it.
    Column("statement", Text),
    Column("subject", Text, nullable=False),
    Column("reason", Text),
    Column("confirms", Text, unique=True),
    Column("made_at", BigInteger, nullable=False),
    Index("findings_attempt", "attempt_id"),
)

payees = Table(
    "payees",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("customer_id", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("confirmed_by", Text),
    Column("confirmed_at", BigInteger),
    # Why the payee's next payout is held: M-PESA has returned another name for the number.
    Column("held_since", BigInteger),
    CheckConstraint("confirmed_by is null or confirmed_by <> changed_by", name="two_people"),
    Index("payees_newest", "merchant_id", "id"),
)

recipient_names = Table(
    "recipient_names",
    metadata,
    # The first name that M-PESA returned for a number; another one later is a reason to look.
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
    Column("msisdn", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    # What people decided about held money and flags, in the order of (created_at, id); they only grow.
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    # A booking, or for a flag the payment.
    Column("object_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_cents", BigInteger),
    # JSON: [{"payeeId", "amountCents"}], the commission apart.
    Column("split", Text),
    Column("commission_cents", BigInteger),
    Column("flag", Text),
    Column("subject", Text, nullable=False),
    Column("reason", Text),
    Column("created_at", BigInteger, nullable=False),
    Index("decisions_object", "object_id", "created_at", "id"),
)

done_bookings = Table(
    "done_bookings",
    metadata,
    # The booked work is done; the fee may release itself from `release_at` on.
    Column("booking_id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("done_by", Text, nullable=False),
    Column("done_at", BigInteger, nullable=False),
    # Who gets it then: JSON as in decisions, an open amount is the rest.
    Column("split", Text),
    Column("release_at", BigInteger),
    Index("done_bookings_due", "release_at", **_where("release_at is not null")),
)

money_out = Table(
    "money_out",
    metadata,
    # The brake: without a row money out runs.
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
    Column("is_stopped", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
)

brake_facts = Table(
    "brake_facts",
    metadata,
    # What may stop money out, as it was found; a start begins to count anew.
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    # An attempt, a question, or what else it was found at.
    Column("subject_id", Text, primary_key=True),
    Column("happened_at", BigInteger, primary_key=True, autoincrement=False),
)

funds = Table(
    "funds",
    metadata,
    # The last balance that M-PESA named of the account that pays out, and when it was asked for.
    Column("merchant_id", Integer, primary_key=True, autoincrement=False),
    Column("shortcode", Text, primary_key=True),
    Column("available_cents", BigInteger),
    Column("as_of", BigInteger),
    Column("asked_at", BigInteger),
    Column("questions", Integer, nullable=False),
)
