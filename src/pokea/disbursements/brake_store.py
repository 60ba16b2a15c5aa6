"""The brake's rows: whether money out runs, since when and why, and the facts that may stop it (law: who may)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from pokea.alerts.alert import Alert, AlertCode, clear_alert, raise_alerts
from pokea.clock import Instant
from pokea.disbursements.brake import SENTENCES, BrakeFact, BrakeFacts, FactKind, StopReason, reason_to_stop
from pokea.disbursements.limits import OutRules
from pokea.disbursements.model import AttemptStatus, DisbursementStatus, Waiting
from pokea.disbursements.store import find_funds
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import insert_new, select_in
from pokea.storage.tables import attempts, book_violations, brake_facts, disbursements, money_out

BY_ITSELF: Final = ""
"""Who has stopped it where no person has."""
_FIND: Final = select(money_out).where(money_out.c.merchant_id == bindparam("of_merchant"))
_FACTS: Final = select(brake_facts.c.kind, brake_facts.c.subject_id, brake_facts.c.happened_at).where(
    brake_facts.c.merchant_id == bindparam("of_merchant"), brake_facts.c.happened_at > bindparam("after")
)
_BROKEN: Final = (
    select(book_violations.c.rule, func.max(book_violations.c.found_at))
    .where(book_violations.c.found_at > bindparam("after"))
    .group_by(book_violations.c.rule)
)


class BrakeRow(NamedTuple):
    """Whether money out is stopped; the fields are the table's columns, in their order.

    `reason` is a StopReason, or what a person wrote; `since` is when it was stopped or started last.
    """

    merchant_id: int
    is_stopped: bool
    reason: str
    since: Instant
    changed_by: str


def find_brake(connection: Connection, merchant_id: int) -> BrakeRow | None:
    """The merchant's brake; None where nothing has ever stopped money out."""
    row = fetch_one(connection, _FIND, {"of_merchant": merchant_id})
    return BrakeRow(*row) if row else None


def note_facts(
    connection: Connection, merchant_id: int, facts: Sequence[BrakeFact], rules: OutRules, now: Instant
) -> StopReason | None:
    """A change: keep what was found, and stop all money out where that is a reason to; answers it where it is new."""
    rows = [{"merchant_id": merchant_id} | fact._asdict() | {"kind": fact.kind.value} for fact in facts]
    insert_new(connection, brake_facts, rows)
    return pull_brake(connection, merchant_id, rules, now) if facts else None


def pull_brake(connection: Connection, merchant_id: int, rules: OutRules, now: Instant) -> StopReason | None:
    """A change: stop all money out if there is a reason to; answers the reason where it is new."""
    brake = find_brake(connection, merchant_id)
    if brake is not None and brake.is_stopped:
        return None
    reason = reason_to_stop(_read_facts(connection, merchant_id, 0 if brake is None else brake.since, rules), now)
    if reason is not None:
        _write(connection, BrakeRow(merchant_id, True, reason.value, now, BY_ITSELF))
        alert = Alert(
            AlertCode.OUT_STOPPED,
            f"merchant {merchant_id}",
            f"Money out has stopped: {SENTENCES[reason]} What waits, waits; what was sent is still found out. An admin "
            "starts it again (POST /api/v1/money-out/start).",
        )
        raise_alerts(connection, [alert], now)
    return reason


def stop(connection: Connection, merchant_id: int, subject: str, reason: str, now: Instant) -> BrakeRow:
    """A change: stop all money out because a person says so; what is stopped already keeps its reason."""
    brake = find_brake(connection, merchant_id)
    if brake is not None and brake.is_stopped:
        return brake
    return _write(connection, BrakeRow(merchant_id, True, reason, now, subject))


def start(connection: Connection, merchant_id: int, subject: str, reason: str, now: Instant) -> BrakeRow:
    """A change: let money out again, and have all that waits for it looked at now."""
    brake = find_brake(connection, merchant_id)
    if brake is not None and not brake.is_stopped:
        return brake
    clear_alert(connection, AlertCode.OUT_STOPPED, f"merchant {merchant_id}")
    columns = disbursements.c
    waiting = (
        columns.merchant_id == merchant_id,
        columns.status == DisbursementStatus.APPROVED.value,
        columns.waiting == Waiting.STOPPED.value,
    )
    # In the order of ids, as a settle locks them.
    ids = connection.execute(select(columns.id).where(*waiting).order_by(columns.id).with_for_update()).scalars().all()
    connection.execute(update(disbursements).where(columns.id.in_(ids)).values(next_action_at=now))
    return _write(connection, BrakeRow(merchant_id, False, reason, now, subject))


def _write(connection: Connection, row: BrakeRow) -> BrakeRow:
    changed = update(money_out).where(money_out.c.merchant_id == row.merchant_id).values(**row._asdict())
    if not connection.execute(changed).rowcount:
        connection.execute(insert(money_out), [row._asdict()])
    return row


def _read_facts(connection: Connection, merchant_id: int, started_at: Instant, rules: OutRules) -> BrakeFacts:
    after = {"after": started_at}
    kept = fetch_all(connection, _FACTS, {"of_merchant": merchant_id, **after})
    found = [BrakeFact(FactKind(kind), subject, at) for kind, subject, at in kept]
    broken = fetch_all(connection, _BROKEN, after)
    found += [BrakeFact(FactKind.RULE_BROKEN, rule, found_at) for rule, found_at in broken]
    for shortcode in sorted({rules.shortcode, rules.payout_shortcode}):
        funds = find_funds(connection, merchant_id, shortcode)
        if funds.available_cents is not None and funds.as_of is not None and funds.available_cents < rules.float_cents:
            found.append(BrakeFact(FactKind.FUNDS_LOW, shortcode, funds.as_of))
    suspects = [fact.subject_id for fact in found if fact.kind is FactKind.UNKNOWN]
    return BrakeFacts(found, _still_unknown(connection, suspects), started_at, rules.password_set_on)


def _still_unknown(connection: Connection, attempt_ids: Sequence[str]) -> set[str]:
    rows = select_in(connection, (attempts.c.id, attempts.c.status), attempts.c.id, attempt_ids) if attempt_ids else []
    return {attempt_id for attempt_id, status in rows if status == AttemptStatus.UNKNOWN}
