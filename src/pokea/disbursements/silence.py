"""Whether Daraja answers our questions about money out at all (law: finding out).

Three questions without any answer, while no attempt gets one, make us ask the balance. If that is silent too, our
credential is at fault and not the payout: a person is told, and nothing else follows from it.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from pokea.alerts.alert import Alert, AlertCode, raise_alerts
from pokea.clock import SECOND, Instant
from pokea.disbursements.evidence import OutSource
from pokea.disbursements.rules import MONEY_OUT
from pokea.disbursements.store import find_funds
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import select_in
from pokea.storage.tables import alerts, attempts, evidence

UNANSWERED: Final = 3
"""So many questions without any answer make us ask another one."""
ANSWERED_IN: Final[Instant] = 60 * SECOND
"""A question that is younger may still be answered."""
_MOST: Final = 50

_COLUMNS = attempts.c
_ASKED: Final = (
    select(
        _COLUMNS.merchant_id,
        _COLUMNS.way,
        _COLUMNS.id,
        _COLUMNS.created_at,
        _COLUMNS.inquiries,
        _COLUMNS.last_inquiry_at,
    )
    .where(_COLUMNS.is_live, _COLUMNS.completed_at.is_(None), _COLUMNS.inquiries > 0)
    .order_by(_COLUMNS.created_at.desc())
    .limit(bindparam("most"))
)
_ANSWERED: Final = select(evidence.c.operation_id, evidence.c.received_at).where(
    evidence.c.source.in_([OutSource.RESULT.value, OutSource.STATUS_ANSWER.value])
)
_COMPLETED: Final = select(func.max(_COLUMNS.completed_at)).where(
    _COLUMNS.merchant_id == bindparam("of_merchant"), _COLUMNS.completed_at.is_not(None)
)
_STANDS: Final = select(alerts.c.subject).where(
    alerts.c.code == AlertCode.INITIATOR_SILENT.value, alerts.c.subject == bindparam("of_subject")
)


class AskedAttempt(NamedTuple):
    """An attempt that is open and has been asked about: when it began, how often it was asked about and when last."""

    attempt_id: str
    created_at: Instant
    inquiries: int
    last_inquiry_at: Instant


def unanswered(asked: Sequence[AskedAttempt], heard_at: Instant, now: Instant) -> int:
    """How many questions were asked since `heard_at`, long enough ago to have been answered. Pure.

    Of an attempt's questions only the last one's time is kept; those before it were asked when they were due.
    """
    moments: list[Instant] = []
    for each in asked:
        due = [at for offset in MONEY_OUT.questions if (at := each.created_at + offset) <= each.last_inquiry_at]
        earlier = each.inquiries - 1
        moments += [*(due[:-1][-earlier:] if earlier else ()), each.last_inquiry_at]
    return len([at for at in moments if heard_at < at <= now - ANSWERED_IN])


def look_for_silence(
    connection: Connection, shortcode_of: Callable[[str], str], now: Instant
) -> frozenset[tuple[int, str]]:
    """A change: merchants and ways for which the balance is to be asked, since nothing else is answered.

    Raises the alert where the balance was asked since and is not answered either.
    """
    groups: dict[tuple[int, str], list[AskedAttempt]] = defaultdict(list)
    ways: dict[tuple[int, str], str] = {}
    for merchant_id, way, *rest in fetch_all(connection, _ASKED, {"most": _MOST}):
        account = merchant_id, shortcode_of(way)
        groups[account].append(AskedAttempt(*rest))
        ways[account] = way
    wanted = set()
    for account, asked in groups.items():
        merchant_id, shortcode = account
        funds = find_funds(connection, merchant_id, shortcode)
        heard_at = max(_heard_at(connection, merchant_id, asked), funds.as_of or 0)
        if unanswered(asked, heard_at, now) >= UNANSWERED:
            wanted.add((merchant_id, ways[account]))
            if funds.asked_at is not None and heard_at < funds.asked_at <= now - ANSWERED_IN:
                raise_alerts(connection, [_silent(shortcode)], now)
        elif fetch_one(connection, _STANDS, {"of_subject": shortcode}) is not None:
            # Its answer takes the alert back.
            wanted.add((merchant_id, ways[account]))
    return frozenset(wanted)


def _heard_at(connection: Connection, merchant_id: int, asked: Sequence[AskedAttempt]) -> Instant:
    """When anything was last answered about this merchant's money out."""
    ids = [each.attempt_id for each in asked]
    answers: list[Instant] = [at for _, at in select_in(connection, _ANSWERED, evidence.c.operation_id, ids)]
    (completed_at,) = fetch_one(connection, _COMPLETED, {"of_merchant": merchant_id})
    return max([*answers, completed_at or 0])


def _silent(shortcode: str) -> Alert:
    return Alert(
        AlertCode.INITIATOR_SILENT,
        shortcode,
        f"Daraja takes our questions about money out from {shortcode} and answers none, not even one about the "
        "balance. Not the payouts are at fault but the initiator, or the way back to us: run `pokea doctor --out`.",
    )
