"""Version 2.2: the tables of money out, and of people's decisions about money that is held.

It only adds. Version 2.1 runs on it and leaves these tables alone: it moves no money out.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and write the version down."""
    _make_disbursements()
    _make_disbursement_steps()
    _make_attempts()
    _make_out_addresses()
    _make_findings()
    _make_payees()
    _make_recipient_names()
    _make_decisions()
    _make_done_bookings()
    _make_money_out()
    _make_brake_facts()
    _make_funds()
    op.execute("update schema_version set minor = 2")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def _make_disbursements() -> None:
    op.create_table(
        "disbursements",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text),
        sa.Column("payee_id", sa.Text),
        sa.Column("booking_id", sa.Text),
        sa.Column("decision_id", sa.Text),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("retried_by", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("needs_second_person", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("approved_by", sa.Text),
        sa.Column("approved_at", sa.BigInteger),
        sa.Column("is_over_cap", sa.Boolean, nullable=False),
        sa.Column("waiting", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("failure_code", sa.Text),
        sa.Column("failure_reason", sa.Text),
        sa.Column("completed_at", sa.BigInteger),
        sa.Column("flags", sa.Text, nullable=False),
        sa.Column("next_action_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_disbursements"),
        sa.CheckConstraint(
            "approved_by not in (requested_by, coalesce(retried_by, requested_by))",
            name="two_people",
        ),
    )
    op.create_index(
        "disbursements_approved", "disbursements", ["merchant_id", "approved_at"], **_where("approved_at is not null")
    )
    op.create_index("disbursements_booking", "disbursements", ["booking_id"], **_where("booking_id is not null"))
    op.create_index("disbursements_due", "disbursements", ["next_action_at"], **_where("next_action_at is not null"))
    op.create_index("disbursements_newest", "disbursements", ["merchant_id", "kind", "id"])
    op.create_index("disbursements_payee", "disbursements", ["payee_id"], **_where("payee_id is not null"))
    op.create_index("disbursements_payment", "disbursements", ["payment_id"], **_where("payment_id is not null"))
    op.create_index("disbursements_recipient", "disbursements", ["merchant_id", "recipient", "created_at"])
    op.create_index("disbursements_status", "disbursements", ["merchant_id", "kind", "status", "id"])


def _make_disbursement_steps() -> None:
    op.create_table(
        "disbursement_steps",
        sa.Column("disbursement_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("digest", sa.Text),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("disbursement_id", "number", name="pk_disbursement_steps"),
    )


def _make_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("disbursement_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("original_receipt", sa.Text),
        sa.Column("originator_id", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("is_live", sa.Boolean, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("receiver_name", sa.Text),
        sa.Column("charge_cents", sa.BigInteger),
        sa.Column("completed_at", sa.BigInteger),
        sa.Column("failure_code", sa.Text),
        sa.Column("failure_reason", sa.Text),
        sa.Column("flags", sa.Text, nullable=False),
        sa.Column("inquiries", sa.Integer, nullable=False),
        sa.Column("last_inquiry_at", sa.BigInteger),
        sa.Column("next_action_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("disbursement_id", "number", name="uq_attempts_disbursement_id_number"),
    )
    op.create_index(
        "attempts_completed", "attempts", ["merchant_id", "completed_at"], **_where("completed_at is not null")
    )
    op.create_index("attempts_due", "attempts", ["next_action_at"], **_where("next_action_at is not null"))
    op.create_index("attempts_open", "attempts", ["status", "created_at"], **_where("is_live and completed_at is null"))
    op.create_index(
        "attempts_originator", "attempts", ["originator_id"], unique=True, **_where("originator_id is not null")
    )
    op.create_index("attempts_request", "attempts", ["request_id"], **_where("request_id is not null"))
    op.create_index("one_live_attempt", "attempts", ["disbursement_id"], unique=True, **_where("is_live"))


def _make_out_addresses() -> None:
    op.create_table(
        "out_addresses",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("question", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_out_addresses"),
    )


def _make_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("is_paid", sa.Boolean, nullable=False),
        sa.Column("receipt", sa.Text),
        sa.Column("statement", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("confirms", sa.Text),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
        sa.UniqueConstraint("confirms", name="uq_findings_confirms"),
    )
    op.create_index("findings_attempt", "findings", ["attempt_id"])


def _make_payees() -> None:
    op.create_table(
        "payees",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("msisdn", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_at", sa.BigInteger),
        sa.Column("held_since", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_payees"),
        sa.CheckConstraint(
            "confirmed_by is null or confirmed_by <> changed_by",
            name="two_people",
        ),
    )
    op.create_index("payees_newest", "payees", ["merchant_id", "id"])


def _make_recipient_names() -> None:
    op.create_table(
        "recipient_names",
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("msisdn", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "msisdn", name="pk_recipient_names"),
    )


def _make_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount_cents", sa.BigInteger),
        sa.Column("split", sa.Text),
        sa.Column("commission_cents", sa.BigInteger),
        sa.Column("flag", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("decisions_object", "decisions", ["object_id", "created_at", "id"])


def _make_done_bookings() -> None:
    op.create_table(
        "done_bookings",
        sa.Column("booking_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("done_by", sa.Text, nullable=False),
        sa.Column("done_at", sa.BigInteger, nullable=False),
        sa.Column("split", sa.Text),
        sa.Column("release_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("booking_id", name="pk_done_bookings"),
    )
    op.create_index("done_bookings_due", "done_bookings", ["release_at"], **_where("release_at is not null"))


def _make_money_out() -> None:
    op.create_table(
        "money_out",
        sa.Column("merchant_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("is_stopped", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", name="pk_money_out"),
    )


def _make_brake_facts() -> None:
    op.create_table(
        "brake_facts",
        sa.Column("merchant_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("happened_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "kind", "subject_id", "happened_at", name="pk_brake_facts"),
    )


def _make_funds() -> None:
    op.create_table(
        "funds",
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("shortcode", sa.Text, nullable=False),
        sa.Column("available_cents", sa.BigInteger),
        sa.Column("as_of", sa.BigInteger),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("questions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "shortcode", name="pk_funds"),
    )
