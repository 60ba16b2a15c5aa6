"""An alert as a value, and as the row by which all processes know it.

An alert has a code, which says what kind of thing happened, and a subject, which says to what: a rule of the books, a
payment, an address. The two are the row's key, so that what is found again, by whichever process, is the same alert.

The change that finds a thing raises its alert in the same transaction, so neither is there without the other. A row
falls due when it is raised, and again when it is seen after it was sent, but not before the pause of its code has
passed. It is sent by the process that claims it: see `pokea.alerts.dispatch`. Codes are sent apart from each other, ten
rows at a time and ten seconds after the last message of the same code, so that a flood of one code delays no other
code, hides no subject of its own, and is never a flood of messages.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from pokea.clock import HOUR, SECOND, Instant
from pokea.redact import mask
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import alerts

SEEN_EVERY: Final[Instant] = 10 * SECOND
"""What is seen again within so long is not written again: a callback has more to do than to lock an alert's row."""
SENT_EVERY: Final[Instant] = 10 * SECOND
"""The time between two messages of one code."""
SENT_TOGETHER: Final = 10
"""So many alerts of one code are one message."""
MOST_SUBJECTS: Final = 1_000
"""Of one code; what comes on top is one more alert with the subject `more`."""
KEPT_FOR: Final[Instant] = 30 * 24 * HOUR
_MORE: Final = "more"
_LEASE: Final[Instant] = 60 * SECOND
_FIRST_PAUSE: Final[Instant] = 15 * SECOND
_LONGEST_PAUSE: Final[Instant] = 900 * SECOND
_LONGEST_TEXT: Final = 1_000


class AlertCode(StrEnum):
    """The kinds of things that a person must hear of."""

    BOOKS_WRONG = "books_wrong"
    PAYMENT_STUCK = "payment_stuck"
    CALLBACK_ADDRESS = "callback_address"
    PASSKEY_WRONG = "passkey_wrong"
    DATABASE_AWAY = "database_away"
    OUT_STOPPED = "out_stopped"
    OUT_FLAGGED = "out_flagged"
    OUT_STUCK = "out_stuck"
    NAME_DIFFERS = "name_differs"
    INITIATOR_SILENT = "initiator_silent"
    PASSWORD_OLD = "password_old"  # noqa: S105 - it is no password
    ENDPOINT_DISABLED = "endpoint_disabled"


PAUSES: Final[dict[AlertCode, Instant]] = {
    AlertCode.BOOKS_WRONG: 900 * SECOND,
    AlertCode.PAYMENT_STUCK: 24 * HOUR,
    AlertCode.CALLBACK_ADDRESS: 24 * HOUR,
    AlertCode.PASSKEY_WRONG: HOUR,
    AlertCode.DATABASE_AWAY: 900 * SECOND,
    AlertCode.OUT_STOPPED: HOUR,
    AlertCode.OUT_FLAGGED: 24 * HOUR,
    AlertCode.OUT_STUCK: 24 * HOUR,
    AlertCode.NAME_DIFFERS: 24 * HOUR,
    AlertCode.INITIATOR_SILENT: HOUR,
    AlertCode.PASSWORD_OLD: 24 * HOUR,
    AlertCode.ENDPOINT_DISABLED: 24 * HOUR,
}
"""What is seen again after it was sent is sent again, so long after the last time."""


class AlertLevel(StrEnum):
    """`failure`: payments or their books suffer now. `warning`: all is right, and a person should look."""

    WARNING = "warning"
    FAILURE = "failure"


LEVELS: Final = {
    AlertCode.BOOKS_WRONG: AlertLevel.FAILURE,
    AlertCode.PAYMENT_STUCK: AlertLevel.FAILURE,
    AlertCode.CALLBACK_ADDRESS: AlertLevel.WARNING,
    AlertCode.PASSKEY_WRONG: AlertLevel.FAILURE,
    AlertCode.DATABASE_AWAY: AlertLevel.FAILURE,
    AlertCode.OUT_STOPPED: AlertLevel.FAILURE,
    AlertCode.OUT_FLAGGED: AlertLevel.WARNING,
    AlertCode.OUT_STUCK: AlertLevel.FAILURE,
    AlertCode.NAME_DIFFERS: AlertLevel.WARNING,
    AlertCode.INITIATOR_SILENT: AlertLevel.FAILURE,
    AlertCode.PASSWORD_OLD: AlertLevel.WARNING,
    AlertCode.ENDPOINT_DISABLED: AlertLevel.WARNING,
}
TITLES: Final = {
    AlertCode.BOOKS_WRONG: "The books are wrong",
    AlertCode.PAYMENT_STUCK: "A payment cannot be settled",
    AlertCode.CALLBACK_ADDRESS: "A callback came from an address that is not on the list",
    AlertCode.PASSKEY_WRONG: "Daraja refuses the passkey",
    AlertCode.DATABASE_AWAY: "The database takes nothing",
    AlertCode.OUT_STOPPED: "Money out is stopped",
    AlertCode.OUT_FLAGGED: "A refund or payout needs a person",
    AlertCode.OUT_STUCK: "A refund or payout cannot be settled",
    AlertCode.NAME_DIFFERS: "M-PESA named another recipient's name than before",
    AlertCode.INITIATOR_SILENT: "Daraja answers no question about money out",
    AlertCode.PASSWORD_OLD: "The API operator's password soon ends",
    AlertCode.ENDPOINT_DISABLED: "An endpoint of webhooks is disabled",
}


class Alert(NamedTuple):
    """Something that a person must hear of; `text` says in whole sentences what happened and what to do."""

    code: AlertCode
    subject: str
    text: str


class AlertRow(NamedTuple):
    """An alert as it stands. `times` is the column `count`: in how many spans of ten seconds it was seen."""

    code: str
    subject: str
    text: str
    first_seen_at: Instant
    last_seen_at: Instant
    times: int
    sent_at: Instant | None
    due_at: Instant | None


class ClaimedAlerts(NamedTuple):
    """Alerts of one code that this process is to send before its lease ends."""

    code: AlertCode
    alerts: Sequence[Alert]
    lease_until: Instant


_COLUMNS = alerts.c


def raise_alerts(
    connection: Connection, raised: Sequence[Alert], now: Instant, sent_at: Instant | None = None
) -> list[Alert]:
    """A change: write that these were seen; answers those that are new or raised again, for the log.

    `sent_at` is when the caller has sent them itself, before the database took them.
    """
    fresh = []
    # In one order, so that two transactions never wait for each other in a circle.
    for each in sorted({(each.code, each.subject): each for each in raised}.values()):
        alert, is_told = each, _seen_again(connection, each, now, sent_at)
        if is_told is None:
            alert = _with_room(connection, each, now)
            is_told = _seen_again(connection, alert, now, sent_at) if alert.subject == _MORE else None
        if is_told is None:
            insert_if_new(connection, alerts, _new_row(alert, now, sent_at))
        if is_told is not False:
            fresh.append(alert)
    return fresh


def clear_alert(connection: Connection, code: AlertCode, subject: str) -> None:
    """A change: what was wrong is right again, so that the next time is a first time."""
    connection.execute(delete(alerts).where(_COLUMNS.code == code.value, _COLUMNS.subject == subject))


def level_of(code: str) -> AlertLevel:
    """The level of a row's code; a kind that only a newer version knows is a warning."""
    return LEVELS[AlertCode(code)] if code in list(AlertCode) else AlertLevel.WARNING


def is_any_due(connection: Connection, now: Instant) -> bool:
    """Whether there is something to send, as far as can be seen without claiming it."""
    return connection.execute(select(_COLUMNS.code).where(_is_due(now)).limit(1)).first() is not None


def claim_alerts(connection: Connection, now: Instant) -> ClaimedAlerts | None:
    """A change: take the alerts of one code that are due, the longest due first; None when there are none.

    A process that dies with its claim, or does not hear that its claim was made, is followed when the lease ends.
    """
    busy = select(_COLUMNS.code).where(or_(_COLUMNS.sent_at > now - SENT_EVERY, _COLUMNS.lease_until > now))
    is_due = _is_due(now)
    first = select(_COLUMNS.code).where(is_due, _COLUMNS.code.not_in(busy)).order_by(_COLUMNS.due_at, _COLUMNS.code)
    code = connection.execute(first.limit(1)).scalar()
    if code is None:
        return None
    together = (
        select(_COLUMNS.subject)
        .where(is_due, _COLUMNS.code == code)
        .order_by(_COLUMNS.due_at, _COLUMNS.subject)
        .limit(SENT_TOGETHER)
    )
    subjects = [row.subject for row in connection.execute(together)]
    taken = (
        update(alerts)
        # Asked again here: another process may have taken them meanwhile.
        .where(is_due, _COLUMNS.code == code, _COLUMNS.subject.in_(subjects))
        .values(lease_until=now + _LEASE)
        .returning(_COLUMNS.code, _COLUMNS.subject, _COLUMNS.text)
    )
    found = sorted(Alert(AlertCode(row.code), row.subject, row.text) for row in connection.execute(taken))
    return ClaimedAlerts(AlertCode(code), found, now + _LEASE) if found else None


def keep_sent(connection: Connection, claim: ClaimedAlerts, now: Instant) -> None:
    """A change: these have been sent."""
    _end_claim(connection, claim, sent_at=now, due_at=None, attempts=0)


def keep_unsent(connection: Connection, claim: ClaimedAlerts, now: Instant) -> None:
    """A change: these could not be sent, and are due again after a pause that grows."""
    attempts = connection.execute(select(func.max(_COLUMNS.attempts)).where(_is_of(claim))).scalar() or 0
    pause = min(_FIRST_PAUSE * 2 ** min(attempts, 10), _LONGEST_PAUSE)
    _end_claim(connection, claim, due_at=now + pause, attempts=attempts + 1)


def read_alerts(connection: Connection, most: int, seen_after: Instant = 0) -> list[AlertRow]:
    """The alerts that were seen after that instant, the last seen first."""
    rows = (
        select(*(_COLUMNS["count" if name == "times" else name] for name in AlertRow._fields))
        .where(_COLUMNS.last_seen_at > seen_after)
        .order_by(_COLUMNS.last_seen_at.desc(), _COLUMNS.code, _COLUMNS.subject)
        .limit(most)
    )
    return [AlertRow(*row) for row in connection.execute(rows)]


def _seen_again(connection: Connection, alert: Alert, now: Instant, sent_at: Instant | None) -> bool | None:
    """Write that it was seen again, if it has a row, and None if not. Whether it is raised again."""
    is_this = and_(_COLUMNS.code == alert.code.value, _COLUMNS.subject == alert.subject)
    row = connection.execute(select(_COLUMNS.last_seen_at, _COLUMNS.sent_at, _COLUMNS.due_at).where(is_this)).first()
    if row is None:
        return None
    if row.last_seen_at > now - SEEN_EVERY and sent_at is None:
        return False
    again = row.due_at is None
    values = {"last_seen_at": now, "text": _text_of(alert), "count": _COLUMNS["count"] + 1}
    if sent_at is not None:
        values |= {"sent_at": sent_at, "due_at": None}
    elif again:
        values |= {"due_at": max(now, (row.sent_at or 0) + PAUSES[alert.code])}
    connection.execute(update(alerts).where(is_this).values(values))
    return again


def _with_room(connection: Connection, alert: Alert, now: Instant) -> Alert:
    """The alert, or the one that stands for all which are too many."""
    connection.execute(delete(alerts).where(_COLUMNS.last_seen_at < now - KEPT_FOR))
    of_code = select(func.count()).select_from(alerts).where(_COLUMNS.code == alert.code.value)
    if connection.execute(of_code).scalar_one() < MOST_SUBJECTS:
        return alert
    return alert._replace(subject=_MORE, text=f"More than {MOST_SUBJECTS} of these; the newest: {alert.text}")


def _new_row(alert: Alert, now: Instant, sent_at: Instant | None) -> dict[str, str | int | None]:
    return {
        "code": alert.code.value,
        "subject": alert.subject,
        "text": _text_of(alert),
        "first_seen_at": now,
        "last_seen_at": now,
        "count": 1,
        "sent_at": sent_at,
        "due_at": now if sent_at is None else None,
        "attempts": 0,
        "lease_until": 0,
    }


def _text_of(alert: Alert) -> str:
    return mask(alert.text)[:_LONGEST_TEXT]


def _is_due(now: Instant) -> ColumnElement[bool]:
    # A newer version that runs beside this one sends the kinds that only it knows.
    is_known = _COLUMNS.code.in_([code.value for code in AlertCode])
    return and_(_COLUMNS.due_at <= now, _COLUMNS.lease_until <= now, is_known)


def _is_of(claim: ClaimedAlerts) -> ColumnElement[bool]:
    return and_(
        _COLUMNS.code == claim.code.value,
        _COLUMNS.subject.in_([each.subject for each in claim.alerts]),
        _COLUMNS.lease_until == claim.lease_until,
    )


def _end_claim(connection: Connection, claim: ClaimedAlerts, **values: Instant | int | None) -> None:
    connection.execute(update(alerts).where(_is_of(claim)).values(lease_until=0, **values))
