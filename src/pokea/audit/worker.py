"""The running service's check of the books: all of them, over and over, in parts too small to be felt.

Every minute a look at each table checks again where a violation stands, then the newest rows, then goes on with the
round that passes every row. A part is one short read of a few hundred rows, and after each the audit rests for several
times as long as the part took. A caller may have everything checked at once, by the same parts without the wait.
A violation is an alert when it is found, and stands in the table until a later check finds its place mended.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from pokea.api.metrics import BOOKS_LOOKED_AT, BOOKS_PARTS, BOOKS_ROUND_ENDED, BOOKS_VIOLATIONS, Metrics
from pokea.audit import rounds
from pokea.audit.rounds import AuditLease, State
from pokea.audit.rule import LAST, IdRange, Rule
from pokea.clock import SECOND, Clock, Instant
from pokea.storage.database import Database
from pokea.storage.worker import Worker

PART_ROWS: Final = 500
NEWEST_ROWS: Final = 2_000
ROUND_PARTS: Final = 10
"""So many parts of the round belong to one look."""
STANDING_PLACES: Final = 50
"""So many places at which a violation stands are checked again in one look."""
_LONGEST_TURN: Final[Instant] = 30 * SECOND
_REST_SHARE: Final = 4.0
_REST_SHARE_IN_HASTE: Final = 1.0
_LONGEST_REST_SECONDS: Final = 2.0
_WAKES_A_LOOK: Final = 12
_PAUSE_SECONDS: Final = 5.0

_log = logging.getLogger("pokea.books")


class Audit:
    """Checks the rules on the database that it shares with every other process, one at a time at each table.

    Rules that can only be checked as a whole are left to `pokea doctor`.

    `every_seconds` is the time between two looks; a request for a whole check is noticed in a twelfth of it.
    """

    def __init__(
        self, database: Database, clock: Clock, rules: Sequence[Rule], metrics: Metrics, every_seconds: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._rules = [rule for rule in rules if rule.is_walked]
        self._every: Instant = round(every_seconds * SECOND)
        self._has_begun = False
        self._work = Worker(
            self._step,
            _log,
            name="the check of the books",
            waits="the books are checked later",
            pause_seconds=_PAUSE_SECONDS,
        )
        self._standing = metrics.gauge(BOOKS_VIOLATIONS)
        self._looked_at = metrics.gauge(BOOKS_LOOKED_AT)
        self._ended_at = metrics.gauge(BOOKS_ROUND_ENDED)
        self._checked = metrics.counter(BOOKS_PARTS)

    async def start(self) -> None:
        """Begin to work."""
        await self._work.start()

    async def stop(self) -> None:
        """Finish the part at hand, and end."""
        await self._work.finish()

    async def check_everything(self) -> None:
        """Have the whole books checked, by whichever process comes first. Raises Unavailable."""
        await self._database.write(rounds.begin, self._clock.now(), self._clock.now())
        await self._database.write(rounds.request_full_check, self._clock.now())
        self._work.wake()

    async def _step(self) -> None:
        if not self._has_begun:
            # A service that was away finds work overdue, and is given a while to do it.
            await self._database.write(rounds.begin, self._clock.now(), self._clock.now() + self._every)
            self._has_begun = True
        is_idle = not await self._take_turn()
        state = await self._database.read(rounds.state)
        self._show(state)
        if is_idle:
            await self._sleep(min(each.due_at for each in state.rounds))

    async def _sleep(self, due_at: Instant) -> None:
        # What is due and could not be taken is leased to another process at the moment.
        left = max(due_at - self._clock.now(), SECOND // 2)
        await self._work.rest(min(left, self._every // _WAKES_A_LOOK) / SECOND)

    def _show(self, found: State) -> None:
        for rule in self._rules:
            self._standing.set(rule.name, value=found.counts.get(rule.name, 0))
        for each in found.rounds:
            # Before the first look there is no time that could be shown.
            if each.looked_at is not None:
                self._looked_at.set(each.ground.value, value=each.looked_at / SECOND)
            if each.ended_at is not None:
                self._ended_at.set(each.ground.value, value=each.ended_at / SECOND)

    async def _take_turn(self) -> bool:
        """Whether there was a table to look at."""
        if self._work.is_ending:
            return False
        now = self._clock.now()
        turn = await self._database.write(rounds.take_lease, now, now + rounds.LEASE, set())
        if turn is None:
            return False
        until = now + _LONGEST_TURN
        if not turn.hurried:
            await self._look_closely(turn, until)
        await self._walk_round(turn, until)
        ended = self._clock.now()
        await self._database.write(rounds.end_lease, turn, ended, ended + self._every)
        return True

    async def _look_closely(self, turn: AuditLease, until: Instant) -> None:
        """Where a violation stands, and the newest rows: most of what goes wrong has only just been written."""
        for part in await self._database.read(rounds.around_open_breaches, turn.ground, STANDING_PLACES):
            await self._check(turn, part)
        after = await self._database.read(rounds.newest, turn.ground, NEWEST_ROWS)
        part = IdRange(turn.ground, after, after)
        while part.upto != LAST and not self._is_over(until):
            part = await self._database.read(rounds.next_part, turn.ground, part.upto, PART_ROWS)
            await self._check(turn, part)

    async def _walk_round(self, turn: AuditLease, until: Instant) -> None:
        after = turn.position
        count = 0
        while not self._is_over(until) and (turn.hurried or count < ROUND_PARTS):
            part = await self._database.read(rounds.next_part, turn.ground, after, PART_ROWS)
            await self._check(turn, part)
            if not await self._database.write(rounds.advance, turn, part, self._clock.now()) or part.upto == LAST:
                return
            after = part.upto
            count += 1

    def _is_over(self, until: Instant) -> bool:
        return self._work.is_ending or self._clock.now() >= until

    async def _check(self, turn: AuditLease, part: IdRange) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        now = self._clock.now()
        checked = await self._database.read(rounds.check, now, self._rules, part)
        self._checked.add()
        if checked.found or checked.known:
            for violation in await self._database.write(rounds.record, turn, part, checked.found, now, set()):
                _log.critical("The books are wrong, by the rule %s: %s", violation.rule, violation.where)
        share = _REST_SHARE_IN_HASTE if turn.hurried else _REST_SHARE
        await self._work.rest(min((loop.time() - began) * share, _LONGEST_REST_SECONDS))
