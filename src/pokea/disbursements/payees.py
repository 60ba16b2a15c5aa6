"""Payees: made or changed by one person, confirmed by another, and paid no sooner than a day later (law: who may)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from pokea.clock import Instant
from pokea.disbursements.calls import OutCall, bind, first_call
from pokea.disbursements.locks import take_turn
from pokea.disbursements.model import DisbursementStatus, Waiting
from pokea.disbursements.payee_store import PayeeRow, find_payee, insert_payee, lock_payee, update_payee
from pokea.disbursements.sums import has_open_payout
from pokea.errors import ApiError
from pokea.scope import Scope
from pokea.storage.tables import disbursements


class PayeeRequest(NamedTuple):
    """A payee that is to be made."""

    name: str
    msisdn: str
    customer_id: str | None


class MadePayee(NamedTuple):
    """A payee as it stands, and whether an earlier call with the same key did what this one asked for."""

    row: PayeeRow
    replayed: bool = False


def make_payee(connection: Connection, call: OutCall, wanted: PayeeRequest) -> MadePayee:
    """Make a payee, whom another person has to confirm, or find the one that the first call with the key made."""
    take_turn(connection, call.scope.merchant_id)
    first = first_call(connection, call)
    if first is not None:
        return MadePayee(_own(find_payee(connection, call.scope, first)), replayed=first != call.id)
    row = PayeeRow(
        id=call.id,
        merchant_id=call.scope.merchant_id,
        name=wanted.name,
        msisdn=wanted.msisdn,
        customer_id=wanted.customer_id,
        version=1,
        created_at=call.now,
        changed_by=call.subject,
        changed_at=call.now,
        confirmed_by=None,
        confirmed_at=None,
        held_since=None,
    )
    insert_payee(connection, row)
    bind(connection, call)
    return MadePayee(row)


def change_payee(
    connection: Connection, scope: Scope, subject: str, payee_id: str, changes: Mapping[str, Any], *, now: Instant
) -> PayeeRow:
    """Give columns of a payee new values; another person must then confirm anew who it is.

    Raises ApiError `not_found`, and `payee_in_use` while a payout to the payee is open.
    """
    take_turn(connection, scope.merchant_id)
    row = _own(lock_payee(connection, scope, payee_id))
    changed = row._replace(**changes)
    if changed == row:
        return row
    if has_open_payout(connection, payee_id):
        raise ApiError("payee_in_use", "A payout to this payee is open: change the payee when it has ended.")
    by_person = changed._replace(changed_by=subject, changed_at=now)
    return update_payee(connection, by_person._replace(confirmed_by=None, confirmed_at=None, held_since=None))


def confirm_payee(connection: Connection, call: OutCall, payee_id: str) -> MadePayee:
    """Confirm who the payee is, also after M-PESA has returned another name; what waits for that is looked at now.

    Raises ApiError `not_found`, `own_request` for the person who changed the payee last, `already_decided`.
    """
    take_turn(connection, call.scope.merchant_id)
    row = _own(lock_payee(connection, call.scope, payee_id))
    first = first_call(connection, call)
    if first is not None:
        return MadePayee(row, replayed=first != call.id)
    if row.changed_by == call.subject:
        raise ApiError("own_request", "Another person must confirm this payee: you made or changed it yourself.")
    if row.confirmed_at is not None and row.held_since is None:
        raise ApiError("already_decided", "This payee is confirmed.")
    confirmed = row._replace(confirmed_by=call.subject, confirmed_at=call.now, held_since=None)
    bind(connection, call)
    columns = disbursements.c
    waiting = (
        columns.payee_id == payee_id,
        columns.status == DisbursementStatus.APPROVED.value,
        columns.waiting == Waiting.PAYEE_WAIT.value,
    )
    ids = connection.execute(select(columns.id).where(*waiting).order_by(columns.id).with_for_update()).scalars().all()
    connection.execute(update(disbursements).where(columns.id.in_(ids)).values(next_action_at=call.now))
    return MadePayee(update_payee(connection, confirmed))


def _own(row: PayeeRow | None) -> PayeeRow:
    if row is None:
        raise ApiError("not_found", "There is no such payee.")
    return row
