"""What people find out about a sending whose outcome is unknown: one person, and another who confirms it (law: finding
out)."""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select

from pokea.disbursements.approving import Case, Target, open_case
from pokea.disbursements.calls import OutCall, bind, first_call
from pokea.disbursements.evidence import found
from pokea.disbursements.model import AttemptStatus, Disbursement, OutAttempt
from pokea.disbursements.store import add_evidence
from pokea.disbursements.views import OutFinding
from pokea.errors import ApiError, invalid
from pokea.storage.tables import findings, receipts

_UNPROVED: Final = (AttemptStatus.UNKNOWN, AttemptStatus.ACCEPTED)


class StatementSearch(NamedTuple):
    """What a statement shows of a sending: why nothing can be concluded, else the receipts of what may be it."""

    why_not: str | None
    receipts: tuple[str, ...] = ()


class FindingRequest(NamedTuple):
    """What a person found: the receipt of what was paid, or the text of the statement that shows that nothing was.

    `confirms` is the finding of another person.
    """

    paid: bool
    receipt: str | None
    statement: str | None
    reason: str | None
    confirms: str | None


class FoundOut(NamedTuple):
    """The disbursement, and the attempt that has new evidence where two people have found the same."""

    row: Disbursement
    attempt_id: str | None
    replayed: bool = False


def open_attempt(attempts: Sequence[OutAttempt]) -> OutAttempt:
    """The sending that nothing proves so far. Raises ApiError `already_decided` where there is none."""
    last = attempts[-1] if attempts else None
    if last is None or last.status not in _UNPROVED:
        raise ApiError("already_decided", "There is no sending whose outcome is unknown.")
    return last


def record_finding(
    connection: Connection, call: OutCall, target: Target, wanted: FindingRequest, search: StatementSearch | None
) -> FoundOut:
    """Write a finding down; the second one of the same becomes evidence, which a settle applies.

    Raises ApiError `not_found`, `already_decided`, `own_request`, `invalid_request`.
    """
    case = open_case(connection, call.scope, target)
    first = first_call(connection, call)
    if first is not None:
        return FoundOut(case.row, None, replayed=first != call.id)
    attempt = open_attempt(case.attempts)
    if search is not None:
        _check_absence(connection, case, search)
    if wanted.receipt is not None:
        _check_receipt(connection, case, wanted.receipt, attempt)
    statement = None if wanted.statement is None else hashlib.sha256(wanted.statement.encode()).hexdigest()
    row = OutFinding(
        call.id,
        call.scope.merchant_id,
        attempt.id,
        wanted.paid,
        wanted.receipt,
        statement,
        call.subject,
        wanted.reason,
        wanted.confirms,
        call.now,
    )
    if wanted.confirms is not None:
        _check_confirmed(connection, row)
        add_evidence(connection, [found(attempt.id, row.id, wanted.receipt, call.now)], applied=False)
    connection.execute(insert(findings), [row._asdict()])
    bind(connection, call)
    return FoundOut(case.row, None if wanted.confirms is None else attempt.id)


def _check_absence(connection: Connection, case: Case, search: StatementSearch) -> None:
    if search.why_not is not None:
        raise invalid("statement", search.why_not)
    mine = {each.id for each in case.attempts}
    owned = select(receipts.c.receipt, receipts.c.operation_id).where(
        receipts.c.merchant_id == case.row.merchant_id, receipts.c.receipt.in_(search.receipts)
    )
    of_others = {receipt for receipt, owner in connection.execute(owned) if owner not in mine}
    fitting = [receipt for receipt in search.receipts if receipt not in of_others]
    if fitting:
        raise invalid("statement", f"The statement has a line that may be this sending: {fitting[0]}.")


def _check_receipt(connection: Connection, case: Case, receipt: str, attempt: OutAttempt) -> None:
    owned = select(receipts.c.operation_id).where(
        receipts.c.merchant_id == case.row.merchant_id, receipts.c.receipt == receipt
    )
    if connection.execute(owned).scalar() not in (None, attempt.id):
        raise invalid("receipt", "This receipt belongs to another payment, or to another sending: look at it again.")


def _check_confirmed(connection: Connection, row: OutFinding) -> None:
    """Raises ApiError unless another person has found the same of the same attempt, and no one confirmed it yet."""
    known = connection.execute(select(findings).where(findings.c.id == row.confirms)).first()
    if known is None or known.attempt_id != row.attempt_id or known.confirms is not None:
        raise invalid("confirms", "`confirms` is no first finding about this sending.")
    if known.subject == row.subject:
        raise ApiError("own_request", "Another person must confirm this finding: it is your own.")
    if (bool(known.is_paid), known.receipt, known.statement) != (row.is_paid, row.receipt, row.statement):
        raise invalid("confirms", "What you found is not what the first person found: send the same body.")
    confirmed = select(findings.c.id).where(findings.c.confirms == row.confirms)
    if connection.execute(confirmed).first() is not None:
        raise ApiError("already_decided", "This finding is confirmed.")
