"""Disbursements as people read them: the row, its attempts, and what people have found out about these."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from pokea.clock import Instant
from pokea.disbursements.model import Disbursement, DisbursementKind, OutAttempt
from pokea.disbursements.store import attempts_of, find_disbursement
from pokea.scope import Scope
from pokea.storage.statements import select_in
from pokea.storage.tables import disbursements, findings, payments

_COLUMNS = disbursements.c
_FINDINGS = select(findings).order_by(findings.c.made_at, findings.c.id)


class OutFinding(NamedTuple):
    """What a person found out about an attempt; the fields are the table's columns, in their order.

    `statement` is the digest of the statement that shows that nothing was paid; `confirms` is the finding of another
    person that says the same.
    """

    id: str
    merchant_id: int
    attempt_id: str
    is_paid: bool
    receipt: str | None
    statement: str | None
    subject: str
    reason: str | None
    confirms: str | None
    made_at: Instant


class DisbursementView(NamedTuple):
    """A disbursement with its attempts and what people found out about them, each oldest first."""

    row: Disbursement
    attempts: Sequence[OutAttempt] = ()
    findings: Sequence[OutFinding] = ()


def views_of(connection: Connection, rows: Sequence[Disbursement]) -> list[DisbursementView]:
    """These disbursements with all that is shown of them."""
    attempts = attempts_of(connection, [row.id for row in rows])
    found = findings_of(connection, [each.id for mine in attempts.values() for each in mine])
    return [
        DisbursementView(row, attempts[row.id], [each for one in attempts[row.id] for each in found[one.id]])
        for row in rows
    ]


def findings_of(connection: Connection, attempt_ids: Sequence[str]) -> dict[str, list[OutFinding]]:
    """What people found out about these attempts."""
    found: dict[str, list[OutFinding]] = defaultdict(list)
    for row in select_in(connection, _FINDINGS, findings.c.attempt_id, attempt_ids) if attempt_ids else ():
        found[row.attempt_id].append(OutFinding(*row))
    return found


def find_view(
    connection: Connection, scope: Scope, kind: DisbursementKind, disbursement_id: str, owner: str | None
) -> DisbursementView | None:
    """The merchant's disbursement; of an `owner` only one whose payment is the owner's."""
    row = find_disbursement(connection, disbursement_id)
    if row is None or row.merchant_id != scope.merchant_id or row.kind != kind:
        return None
    if owner is not None and _owner_of(connection, row) != owner:
        return None
    return views_of(connection, [row])[0]


def page_of_views(
    connection: Connection,
    scope: Scope,
    kind: DisbursementKind,
    *,
    owner: str | None,
    status: str | None,
    before: str,
    most: int,
) -> list[DisbursementView]:
    """The newest of the merchant's disbursements whose ids are before this one."""
    page = select(disbursements).where(
        _COLUMNS.merchant_id == scope.merchant_id, _COLUMNS.kind == kind.value, _COLUMNS.id < before
    )
    if status is not None:
        page = page.where(_COLUMNS.status == status)
    if owner is not None:
        of_owner = select(payments.c.id).where(payments.c.merchant_id == scope.merchant_id, payments.c.owner == owner)
        page = page.where(_COLUMNS.payment_id.in_(of_owner))
    rows = connection.execute(page.order_by(_COLUMNS.id.desc()).limit(most))
    return views_of(connection, [Disbursement(*row) for row in rows])


def _owner_of(connection: Connection, row: Disbursement) -> str | None:
    return connection.execute(select(payments.c.owner).where(payments.c.id == row.payment_id)).scalar()
