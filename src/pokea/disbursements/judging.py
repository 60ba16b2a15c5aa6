"""An approval is looked at again, all of it, in the transaction that begins to send (law: who may)."""

from collections.abc import Sequence

from sqlalchemy import Connection

from pokea.clock import Instant
from pokea.disbursements.approving import Case
from pokea.disbursements.brake_store import pull_brake
from pokea.disbursements.checks import digest_of_row, left_to_refund_cents, reverses_in_doubt
from pokea.disbursements.limits import OutRules
from pokea.disbursements.model import APPROVAL_LASTS, Disbursement, DisbursementKind, StepKind
from pokea.disbursements.sending_rules import OutSurvey, WaitVerdict, look, survey


def look_ahead(connection: Connection, rows: Sequence[Disbursement], rules: OutRules, now: Instant) -> OutSurvey:
    """What is looked at once for disbursements that are judged one after another in this transaction: the brake, which
    stops all of them, and a bound of what they use together."""
    for merchant_id in sorted({row.merchant_id for row in rows}):
        pull_brake(connection, merchant_id, rules, now)
    return survey(connection, rows, rules, now)


def judge(connection: Connection, case: Case, rules: OutRules, now: Instant, known: OutSurvey) -> WaitVerdict | None:
    """What an approved disbursement waits for before it may be sent; None where its approval has lapsed or is void.

    The caller has taken the merchant's turn, and then locked the payment and the disbursement (`locks`). What it begins
    to send it writes before it asks about the next.
    """
    return None if is_void(connection, case, rules, now) else look(connection, case.row, rules, now, known)


def is_void(connection: Connection, case: Case, rules: OutRules, now: Instant) -> bool:
    """Whether the approval allows no sending: it is too old, of something else, by the wrong person, of money that has
    gone another way since, or to reverse a receipt that is in doubt since."""
    row, approval = case.row, case.steps[-1]
    if row.approved_at is None or now >= row.approved_at + APPROVAL_LASTS:
        return True
    if approval.kind != StepKind.APPROVED or approval.digest != row.digest or digest_of_row(row) != row.digest:
        return True
    if row.approved_by is None and rules.needs_second_person(row.amount_cents):
        return True
    if case.is_own(approval.subject):
        return True
    if reverses_in_doubt(connection, row):
        return True
    return row.kind == DisbursementKind.REFUND and row.amount_cents > left_to_refund_cents(connection, row)
