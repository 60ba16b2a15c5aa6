"""What a change of a disbursement writes: the row as its steps and attempts make it, its version, and its event.

A new status is a new version, with one event in the transaction of the change. What else changes has neither.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import asdict
from sqlalchemy import Connection, insert

from pokea.clock import Instant
from pokea.disbursements.events import event_of_disbursement
from pokea.disbursements.life import state_of
from pokea.disbursements.model import Disbursement, DisbursementStatus, OutAttempt, OutFlag, OutStep
from pokea.disbursements.store import update_disbursements
from pokea.events.outbox import Event, add_events
from pokea.ledger.entries import Posting
from pokea.storage.sql import execute_many
from pokea.storage.statements import insert_new
from pokea.storage.tables import disbursement_steps, disbursements, postings

FIRST_VERSION: Final = 1
_WAITS: Final = (DisbursementStatus.REQUESTED, DisbursementStatus.APPROVED)
_INSERT_STEP: Final = insert(disbursement_steps)


def restated(row: Disbursement, steps: Sequence[OutStep], attempts: Sequence[OutAttempt]) -> Disbursement:
    """The row as its steps and attempts make it; flags that are raised stay raised."""
    state = state_of(steps, attempts)
    flags = {*row.flags.split(","), *(flag.value for each in attempts for flag in each.raised)}
    if state.is_paid_twice:
        flags.add(OutFlag.PAID_OUT_TWICE.value)
    return row._replace(
        status=state.status.value,
        receipt=state.receipt,
        completed_at=state.completed_at,
        failure_code=state.failure_code,
        failure_reason=state.failure_reason,
        flags=",".join(sorted(flags - {""})),
        waiting=row.waiting if state.status in _WAITS else None,
        next_action_at=row.next_action_at if state.status is DisbursementStatus.APPROVED else None,
    )


def insert_disbursement(connection: Connection, row: Disbursement, steps: Sequence[OutStep], now: Instant) -> None:
    """Insert a new disbursement with its first steps and its event."""
    connection.execute(insert(disbursements), [row._asdict()])
    add_steps(connection, steps)
    add_events(connection, [_event(row, now)])


def add_steps(connection: Connection, steps: Sequence[OutStep]) -> None:
    """Write what was done about disbursements that are locked."""
    execute_many(connection, _INSERT_STEP, [step._asdict() for step in steps])


def save(connection: Connection, was: Disbursement, row: Disbursement, now: Instant) -> Disbursement:
    """Write what has changed of a disbursement that is locked; answers the row with its version."""
    has_moved = row.status != was.status
    row = row._replace(version=was.version + has_moved)
    if row != was:
        update_disbursements(connection, [row])
    if has_moved:
        add_events(connection, [_event(row, now)])
    return row


def post(connection: Connection, entries: Sequence[Posting]) -> None:
    """Write postings; those that are there already stay as they are."""
    insert_new(connection, postings, [asdict(each) for each in entries])


def _event(row: Disbursement, now: Instant) -> Event:
    return event_of_disbursement(row, f"{row.kind}.{row.status}", now)
