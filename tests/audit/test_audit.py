"""The running check of the books, on real databases: what it finds, what it tells, and how it shares the work."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, text

from pokea.api.metrics import Metrics
from pokea.audit import rounds
from pokea.audit import worker as auditing
from pokea.audit.every_rule import RULES
from pokea.audit.rounds import AuditLease
from pokea.audit.rule import LAST, WALKED, IdRange, RuleScope, Violation
from pokea.audit.worker import Audit
from pokea.clock import HOUR, SECOND, Instant
from pokea.storage.database import Database
from pokea.storage.statements import in_one_snapshot
from tests.audit.kept import BREAKS, NOW, break_books, keep_books

EVERY_SECONDS = 0.24
BROKEN = "booking_follows_fee"
MEND = "update bookings set status = 'matching' where id = 'bk_3'"


class StillClock:
    """Goes on by a tenth of a second each time it is asked."""

    def __init__(self) -> None:
        self._now = NOW + 700 * SECOND

    def now(self) -> Instant:
        """The present instant."""
        self._now += SECOND // 10
        return self._now


@asynccontextmanager
async def audited(
    database: Database, clock: StillClock | None = None, metrics: Metrics | None = None
) -> AsyncIterator[Audit]:
    """A running audit, with looks that follow each other at once."""
    audit = Audit(database, clock or StillClock(), RULES, metrics or Metrics(), EVERY_SECONDS)
    await audit.start()
    try:
        yield audit
    finally:
        await audit.stop()


async def until(holds: Callable[[rounds.State], bool], database: Database) -> rounds.State:
    """The first state of the check of which this is true."""
    async with asyncio.timeout(60):
        while not holds(state := await database.read(rounds.state, 100)):
            await asyncio.sleep(0.02)
    return state


def has_ended(state: rounds.State) -> bool:
    """Whether every ground has been checked as a whole."""
    return bool(state.rounds) and all(each.ended_at for each in state.rounds)


def test_sound_books_are_checked_again_and_again(database: Database) -> None:
    """Looks follow each other, whole rounds end, and nothing is found."""
    keep_books(database)

    async def run() -> None:
        async with audited(database):
            first = await until(has_ended, database)
            ends = [each.ended_at for each in first.rounds]
            again = await until(
                lambda state: all(
                    (each.ended_at or 0) > (end or 0) for each, end in zip(state.rounds, ends, strict=True)
                ),
                database,
            )
            assert again.counts == {}

    asyncio.run(run())


def test_what_is_broken_is_alerted_once_shown_and_taken_away_when_mended(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken place is one critical line however often it is seen; mended, it is gone; broken again, told again."""
    keep_books(database)
    metrics = Metrics()

    def told() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]

    async def run() -> None:
        async with audited(database, metrics=metrics):
            break_books(database, *BREAKS[BROKEN])
            state = await until(lambda state: BROKEN in state.counts, database)
            assert state.counts == {BROKEN: 1}
            assert [(each.rule, each.sentence) for each in state.standing] == [
                (BROKEN, "bk_3 is awaiting_payment with its fee held")
            ]
            looked_at = max(each.looked_at or 0 for each in state.rounds)
            await until(lambda state: min(each.looked_at or 0 for each in state.rounds) > looked_at + SECOND, database)
            assert f'pokea_books_violations{{rule="{BROKEN}"}} 1.0' in metrics.text()
            assert len(told()) == 1
            break_books(database, MEND)
            await until(lambda state: not state.counts, database)
            break_books(database, *BREAKS[BROKEN])
            await until(lambda state: BROKEN in state.counts, database)

    asyncio.run(run())
    sentence = f"The books are wrong, by the rule {BROKEN}: bk_3 is awaiting_payment with its fee held"
    assert told() == [sentence, sentence]


def test_two_audits_share_the_work_and_tell_once(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Of several processes one at a time is at a ground, and a violation is one alert of all of them."""
    keep_books(database)
    break_books(database, *BREAKS[BROKEN])
    clock = StillClock()

    async def run() -> None:
        async with audited(database, clock), audited(database, clock), audited(database, clock) as third:
            await third.check_everything()
            await until(lambda state: has_ended(state) and BROKEN in state.counts, database)
            await asyncio.sleep(3 * EVERY_SECONDS)

    asyncio.run(run())
    assert len([record for record in caplog.records if record.levelno == logging.CRITICAL]) == 1


def test_a_round_goes_on_where_it_was_left(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With looks of a few rows each the round comes to its end look by look, and passes every row."""
    keep_books(database, 30)
    break_books(database, "update bookings set status = 'awaiting_payment' where id = 'bk_1'")
    for name, value in (("PART_ROWS", 3), ("ROUND_PARTS", 2), ("NEWEST_ROWS", 4)):
        monkeypatch.setattr(auditing, name, value)
    positions: set[str] = set()

    async def run() -> None:
        async with audited(database):

            def seen(state: rounds.State) -> bool:
                positions.update(each.position for each in state.rounds if each.ground is RuleScope.BOOKINGS)
                return has_ended(state)

            state = await until(seen, database)
            assert state.counts == {BROKEN: 1}

    asyncio.run(run())
    assert len(positions) > 3


def test_on_demand_everything_is_checked_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks does not wait for the next look, nor for the round to come around."""
    keep_books(database, 30)
    monkeypatch.setattr(auditing, "PART_ROWS", 3)

    async def run() -> None:
        patient = Audit(database, StillClock(), RULES, Metrics(), 3600.0)
        await patient.start()
        try:
            await patient.check_everything()
            state = await until(has_ended, database)
            assert not any(each.hurried for each in state.rounds)
        finally:
            await patient.stop()

    asyncio.run(run())


def test_the_first_look_waits_until_overdue_work_may_be_done(database: Database) -> None:
    """A service that was away closes what is overdue first: the look at its start is one look's time later."""
    break_books(database, "delete from book_rounds")

    async def run() -> None:
        audit = Audit(database, StillClock(), RULES, Metrics(), 3600.0)
        await audit.start()
        state = await until(lambda state: bool(state.rounds), database)
        assert all(each.due_at > NOW + HOUR for each in state.rounds)
        await audit.stop()

    asyncio.run(run())


def test_whoever_dies_at_it_is_followed_when_the_lease_is_over(database: Database) -> None:
    """A turn is nobody else's while its lease stands, and goes on where it stood afterwards."""

    async def run() -> None:
        await database.write(rounds.begin, NOW, NOW)
        first = await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE, set())
        assert first is not None
        others = [
            await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE + n, set()) for n in range(1, len(WALKED))
        ]
        assert {first.ground, *(each.ground for each in others if each is not None)} == set(WALKED)
        assert await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE + len(WALKED), set()) is None
        assert await database.write(rounds.advance, first, IdRange(first.ground, "", "x_1"), NOW)
        later = NOW + rounds.LEASE
        heir = await database.write(rounds.take_lease, later, later + rounds.LEASE, set())
        assert heir == AuditLease(first.ground, "x_1", False, later + rounds.LEASE)
        assert not await database.write(rounds.advance, first, IdRange(first.ground, "x_1", LAST), later)

    asyncio.run(run())


def test_two_audits_at_the_same_instant_are_two(database: Database) -> None:
    """Neither takes the other's ground nor tells what the other has found; the same change run again does both."""
    keep_books(database)

    async def run() -> None:
        await database.write(rounds.begin, NOW, NOW)
        own: set[str] = set()
        first = await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE, own)
        assert first is not None
        others = [await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE, set()) for _ in WALKED]
        assert [each is None for each in others] == [False] * (len(WALKED) - 1) + [True]
        assert first.ground not in {each.ground for each in others if each is not None}
        assert await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE, own) == first
        (turn,) = [each for each in (first, *others) if each is not None and each.ground is RuleScope.BOOKINGS]
        part = IdRange(RuleScope.BOOKINGS)
        found = [Violation(BROKEN, "it is", "bk_3")]
        written: set[tuple[str, str]] = set()
        for mine, told in ((written, found), (set(), []), (written, found)):
            assert await database.write(rounds.record, turn, part, found, NOW, mine) == told

    asyncio.run(run())


def test_a_turn_that_was_lost_records_nothing(database: Database) -> None:
    """What a process finds after another has taken its ground over is the other's to write and to tell."""
    keep_books(database)
    found = [Violation(BROKEN, "it is", "bk_3")]

    async def run() -> None:
        await database.write(rounds.begin, NOW, NOW)
        lost = await turn_at_bookings(database, NOW)
        held = await turn_at_bookings(database, lost.lease_until)
        part = IdRange(RuleScope.BOOKINGS)
        later = held.lease_until
        assert await database.write(rounds.record, lost, part, found, later, set()) == []
        assert (await database.read(rounds.state)).counts == {}
        assert await database.write(rounds.record, held, part, found, later, set()) == found
        assert await database.write(rounds.record, lost, part, [], later, set()) == []
        assert (await database.read(rounds.state)).counts == {BROKEN: 1}

    asyncio.run(run())


async def turn_at_bookings(database: Database, now: Instant) -> AuditLease:
    """The lease of the bookings, taken with all others."""
    turns = [await database.write(rounds.take_lease, now, now + rounds.LEASE, set()) for _ in WALKED]
    (turn,) = [each for each in turns if each is not None and each.ground is RuleScope.BOOKINGS]
    return turn


def test_a_round_that_is_asked_for_begins_anew(database: Database) -> None:
    """A request in the middle of a turn lets the turn end, and the whole is checked from the beginning."""

    async def run() -> None:
        await database.write(rounds.begin, NOW, NOW)
        turn = await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE, set())
        assert turn is not None
        assert await database.write(rounds.advance, turn, IdRange(turn.ground, "", "x_1"), NOW)
        await database.write(rounds.request_full_check, NOW)
        assert not await database.write(rounds.advance, turn, IdRange(turn.ground, "x_1", "x_2"), NOW)
        await database.write(rounds.end_lease, turn, NOW, NOW + HOUR)
        again = await database.write(rounds.take_lease, NOW, NOW + rounds.LEASE, set())
        assert again == AuditLease(turn.ground, "", True, NOW + rounds.LEASE)
        assert await database.write(rounds.advance, again, IdRange(again.ground), NOW)
        await database.write(rounds.end_lease, again, NOW, NOW + HOUR)
        state = await database.read(rounds.state)
        assert {each.due_at for each in state.rounds if each.ground is again.ground} == {NOW + HOUR}

    asyncio.run(run())


def test_a_broken_table_is_kept_within_bounds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is broken, a bounded number of places of each rule is kept."""
    monkeypatch.setattr(rounds, "MOST_KEPT", 5)

    async def run() -> int:
        await database.write(rounds.begin, NOW, NOW)
        turn = await turn_at_bookings(database, NOW)
        for number in range(10):
            found = [Violation(BROKEN, "it is", f"bk_{number}")]
            part = IdRange(RuleScope.BOOKINGS, f"bk_{number - 1}" if number else "", f"bk_{number}")
            await database.write(rounds.record, turn, part, found, NOW + number, set())
        return (await database.read(rounds.state)).counts[BROKEN]

    assert asyncio.run(run()) == 5


def test_a_part_is_read_as_it_stood_at_one_moment(plain: Database) -> None:
    """On PostgreSQL, what another transaction commits between two statements of a check is not seen by it."""
    keep_books(plain)

    def read_around(connection: Connection) -> list[str]:
        in_one_snapshot(connection)
        seen = []
        for _ in range(2):
            seen.append(str(connection.execute(text("select status from bookings where id = 'bk_3'")).scalar()))
            break_books(plain, "update bookings set status = 'awaiting_payment' where id = 'bk_3'")
        return seen

    assert asyncio.run(plain.read(read_around)) == ["matching", "matching"]
