"""How far the check of the books has come, and what it has found: the SQL of `audit`.

A round walks along the ids of one table, part by part. One process at a time checks it, for a turn: it holds a lease,
and when it dies another process goes on where it stood once the lease is over.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, select, update

from pokea.alerts.alert import Alert, AlertCode, clear_alert, raise_alerts
from pokea.audit.rule import LAST, WALKED, IdRange, Rule, RuleScope, Violation, violations
from pokea.clock import SECOND, Instant
from pokea.storage.statements import in_one_snapshot, insert_new
from pokea.storage.tables import attempts, book_rounds, book_violations, bookings, disbursements, payments

LEASE: Final[Instant] = 120 * SECOND
"""How long after the beginning of a turn another process may take over."""
MOST_KEPT: Final = 1_000
"""So many violations of one rule are kept; what is found beyond them is found again when these are mended."""
_IDS: Final = {
    RuleScope.PAYMENTS: payments.c.id,
    RuleScope.BOOKINGS: bookings.c.id,
    RuleScope.DISBURSEMENTS: disbursements.c.id,
    RuleScope.ATTEMPTS: attempts.c.id,
}
_COLUMNS = book_rounds.c


class AuditLease(NamedTuple):
    """A table that this process may check: from `position` on, to the end without a stop if `hurried`."""

    ground: RuleScope
    position: str
    hurried: bool
    lease_until: Instant


class Checked(NamedTuple):
    """What the check of a part found, and whether any violation in it was known before."""

    found: list[Violation]
    known: bool


class OpenBreach(NamedTuple):
    """A violation that was found and not seen mended since."""

    rule: str
    sentence: str
    found_at: Instant


class Round(NamedTuple):
    """Where the check of one table stands; `ended_at` is the end of the last whole round, begun before `began_at`."""

    ground: RuleScope
    position: str
    began_at: Instant
    ended_at: Instant | None
    looked_at: Instant | None
    hurried: bool
    due_at: Instant


class State(NamedTuple):
    """The last check of the books: its rounds, the violations that stand by rule, and the newest of them."""

    rounds: list[Round]
    counts: dict[str, int]
    standing: list[OpenBreach]


def begin(connection: Connection, now: Instant, due_at: Instant) -> None:
    """A change: make the rounds' rows, the first look at `due_at`, unless they are there."""
    fresh = {"position": "", "began_at": now, "hurried": False, "due_at": due_at, "lease_until": 0}
    insert_new(connection, book_rounds, [{"ground": ground.value} | fresh for ground in WALKED])


def request_full_check(connection: Connection, now: Instant) -> None:
    """A change: have everything checked from the beginning, now and without a stop."""
    connection.execute(update(book_rounds).values(position="", began_at=now, hurried=True, due_at=now))


def take_lease(connection: Connection, now: Instant, lease_until: Instant, taken: set[str]) -> AuditLease | None:
    """A change: the scope that is most overdue and that no process checks, leased until `lease_until`.

    `taken` is empty at first and keeps what earlier runs of this change have taken, since a commit whose end is unknown
    may have stood. The instant alone would not say whose the lease is: another process may ask at the same one.
    """
    is_own = _COLUMNS.ground.in_(sorted(taken)) & (_COLUMNS.lease_until == lease_until)
    is_free = (_COLUMNS.lease_until <= now) | is_own
    due = (
        select(_COLUMNS.ground, _COLUMNS.position, _COLUMNS.hurried)
        .where(_COLUMNS.due_at <= now, is_free)
        .order_by(_COLUMNS.due_at, _COLUMNS.ground)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(due).first()
    if row is None:
        return None
    connection.execute(update(book_rounds).where(_COLUMNS.ground == row.ground).values(lease_until=lease_until))
    taken.add(row.ground)
    return AuditLease(RuleScope(row.ground), row.position, row.hurried, lease_until)


def next_part(connection: Connection, ground: RuleScope, after: str, size: int) -> IdRange:
    """The part of `size` ids that follows `after`; the last one reaches to the end of all ids."""
    ids = _IDS[ground]
    ends = connection.execute(select(ids).where(ids > after).order_by(ids).offset(size - 1).limit(1)).scalar()
    return IdRange(ground, after, LAST if ends is None else ends)


def newest(connection: Connection, ground: RuleScope, count: int) -> str:
    """The id after which the newest `count` ids come; empty when there are no more than that."""
    ids = _IDS[ground]
    return connection.execute(select(ids).order_by(ids.desc()).offset(count).limit(1)).scalar() or ""


def around_open_breaches(connection: Connection, ground: RuleScope, most: int) -> list[IdRange]:
    """A small part around each place at which a violation stands, the oldest first."""
    ids, columns = _IDS[ground], book_violations.c
    places = (
        select(columns.place, func.min(columns.found_at))
        .where(columns.ground == ground.value)
        .group_by(columns.place)
        .order_by(func.min(columns.found_at), columns.place)
        .limit(most)
    )
    found = [place for place, _ in connection.execute(places)]
    before = select(func.max(ids))
    return [IdRange(ground, connection.execute(before.where(ids < place)).scalar() or "", place) for place in found]


def check(connection: Connection, now: Instant, rules: Sequence[Rule], part: IdRange) -> Checked:
    """Check one part as it stood at one moment."""
    in_one_snapshot(connection)
    known = connection.execute(select(book_violations.c.place).where(_within(part)).limit(1)).first() is not None
    return Checked([each for each in violations(connection, now, rules, [part]) if each.id], known)


def record(
    connection: Connection,
    turn: AuditLease,
    part: IdRange,
    found: Sequence[Violation],
    now: Instant,
    written: set[tuple[str, str]],
) -> list[Violation]:
    """A change: what was found replaces what stood in this part; answers what was not known before.

    `written` is empty at first and keeps what earlier runs of this change have written: after a commit whose end is
    unknown the rows may already be there by this very change, and are answered anyway, so that they are told.

    Where the turn was lost to another process nothing is written: that one finds the same, and would tell it too.
    """
    here = {(each.rule, each.id): each for each in found}
    if connection.execute(select(_COLUMNS.ground).where(_is_ours(turn)).with_for_update()).first() is None:
        return [each for key, each in here.items() if key in written]
    columns = book_violations.c
    stood = {(row.rule, row.place) for row in connection.execute(select(book_violations).where(_within(part)))}
    for rule, place in sorted(stood - here.keys()):
        connection.execute(delete(book_violations).where(columns.rule == rule, columns.place == place))
    counted = select(columns.rule, func.count()).group_by(columns.rule)
    room = {rule: MOST_KEPT - count for rule, count in connection.execute(counted)}
    is_new = here.keys() - (stood - written)
    fresh = [each for key, each in here.items() if key in is_new and room.get(each.rule, MOST_KEPT) > 0]
    written.update((each.rule, each.id) for each in fresh)
    rows = [
        {"rule": each.rule, "place": each.id, "ground": turn.ground.value, "sentence": each.where, "found_at": now}
        for each in fresh
    ]
    insert_new(connection, book_violations, rows)
    raise_alerts(connection, _wrong(fresh), now)
    for rule in sorted({rule for rule, _ in stood} - room.keys() - {each.rule for each in fresh}):
        clear_alert(connection, AlertCode.BOOKS_WRONG, rule)
    return fresh


def _wrong(found: Sequence[Violation]) -> list[Alert]:
    """An alert for each rule, with the first place at which it was found broken."""
    return [
        Alert(
            AlertCode.BOOKS_WRONG,
            violation.rule,
            f"The books are wrong, by the rule {violation.rule}: {violation.where}. `GET /api/v1/books` with an "
            "admin's token shows every place.",
        )
        for violation in reversed(found)
    ]


def advance(connection: Connection, turn: AuditLease, part: IdRange, now: Instant) -> bool:
    """A change: the round has passed this part; False when the turn was lost or the round was begun anew meanwhile."""
    ended = part.upto == LAST
    values: dict[str, Any] = {"position": "" if ended else part.upto}
    if ended:
        values |= {"ended_at": now, "began_at": now, "hurried": False}
    passed = update(book_rounds).where(_is_ours(turn), _COLUMNS.position == part.after)
    return connection.execute(passed.values(**values)).rowcount == 1


def end_lease(connection: Connection, turn: AuditLease, now: Instant, due_at: Instant) -> None:
    """A change: give the ground back until `due_at`, or at once while a hurried round is under way."""
    due = case((_COLUMNS.hurried, _COLUMNS.due_at), else_=due_at)
    connection.execute(update(book_rounds).where(_is_ours(turn)).values(lease_until=0, looked_at=now, due_at=due))


def state(connection: Connection, most_standing: int = 0) -> State:
    """Where the check stands, and at most so many of the violations that stand, the newest first."""
    names = ("ground", "position", "began_at", "ended_at", "looked_at", "hurried", "due_at")
    rows = connection.execute(select(*(_COLUMNS[name] for name in names)).order_by(_COLUMNS.ground))
    rounds = [Round(RuleScope(row.ground), *row[1:]) for row in rows]
    columns = book_violations.c
    counted = connection.execute(select(columns.rule, func.count().label("places")).group_by(columns.rule))
    counts = {row.rule: row.places for row in counted}
    shown = select(columns.rule, columns.sentence, columns.found_at).order_by(columns.found_at.desc(), columns.place)
    standing = [OpenBreach(*row) for row in connection.execute(shown.limit(most_standing))] if most_standing else []
    return State(rounds, counts, standing)


def _within(part: IdRange) -> ColumnElement[bool]:
    columns = book_violations.c
    return and_(columns.ground == part.ground.value, columns.place > part.after, columns.place <= part.upto)


def _is_ours(turn: AuditLease) -> ColumnElement[bool]:
    return and_(_COLUMNS.ground == turn.ground.value, _COLUMNS.lease_until == turn.lease_until)
