"""Changes on connections of their own to PostgreSQL, led through every order in which they can meet.

Each change runs in a thread of its own, through `Database.write` as in a service, and stops at gates: before a
statement that touches what another change may touch too, and before the commit. One step lets one change go on to
its next gate, or into a wait for a lock that another holds, which PostgreSQL itself tells. Every choice that there is
gets taken once.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, event

from pokea.storage.database import Database, open_database
from tests.statements import cursors_heard_by

Change = Callable[[Connection], Any]
Gates = dict[str, str]

# What is not gated commutes with whatever the other change does. Reads before the first lock are of columns that never
# change (the digest of a callback token) or of rows that no pair here writes. Reads and writes after it are of rows
# that hang on a payment or a booking which the same transaction has locked, so that the other change waits before it
# gets to them. Receipts are written without such a lock, hence their gate; so is evidence, in the one test of that.
SETTLE_GATES: Final[Gates] = {
    "lock payments": r"from (?:open_)?payments\b.*for update",
    "own receipts and lock bookings": r"insert into receipts",
    "lock bookings": r"from bookings\b.*for update",
}
_COMMIT: Final = "commit"
_PATIENCE_SECONDS: Final = 30.0
_QUICK_DEADLOCKS: Final = "options=-c%20deadlock_timeout%3D20ms"


@dataclass
class _Runner:
    """One change under way. `gate` is where it stands; empty while it runs or waits for a lock."""

    name: str
    database: Database
    gate: str = ""
    is_done: bool = False
    process_id: int = 0
    runs: int = 0
    result: Any = None


@dataclass(frozen=True)
class Ending:
    """How one schedule went: the steps in their order, what each change returned, and how often each had to be run."""

    steps: tuple[str, ...]
    results: tuple[Any, ...]
    runs: tuple[int, ...]


@dataclass
class _Trace:
    """Which runners could have taken each step, and which took it."""

    able: list[list[int]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)


class Crossing:
    """Leads several changes at once. Build it with `crossing`."""

    def __init__(self, url: str, gates: Gates, at_once: int) -> None:
        self._gates = {label: re.compile(pattern, re.DOTALL | re.IGNORECASE) for label, pattern in gates.items()}
        self._moved = threading.Condition()
        self._observer = psycopg.connect(url, autocommit=True)
        slow_to_fall_out = f"{url}?{_QUICK_DEADLOCKS}"
        self._databases = [open_database(slow_to_fall_out) for _ in range(at_once)]
        self._runners: list[_Runner] = []
        for number, database in enumerate(self._databases):
            self._listen(number, database)

    def close(self) -> None:
        """Let go of every connection."""
        self._observer.close()
        for database in self._databases:
            database.close()

    def every_schedule(self, prepare: Callable[[], None], changes: Sequence[Change]) -> Iterator[Ending]:
        """Run the changes from a prepared beginning once for each schedule that there is."""
        to_do: list[list[int]] = [[]]
        while to_do:
            beginning = to_do.pop()
            prepare()
            trace, ending = self._run(beginning, changes)
            for step in range(len(beginning), len(trace.taken)):
                others = [number for number in trace.able[step] if number != trace.taken[step]]
                to_do.extend([*trace.taken[:step], number] for number in others)
            yield ending

    def _run(self, beginning: Sequence[int], changes: Sequence[Change]) -> tuple[_Trace, Ending]:
        self._runners = [_Runner(ascii_uppercase[number], self._databases[number]) for number in range(len(changes))]
        threads = [
            threading.Thread(target=self._work, args=(runner, change))
            for runner, change in zip(self._runners, changes, strict=True)
        ]
        for thread in threads:
            thread.start()
        trace, steps = _Trace(), []
        while able := self._wait_until_quiet():
            step = len(trace.taken)
            number = beginning[step] if step < len(beginning) else able[0]
            trace.able.append(able)
            trace.taken.append(number)
            steps.append(f"{self._runners[number].name}: {self._runners[number].gate}")
            self._let_go(self._runners[number])
        for thread in threads:
            thread.join()
        results, runs = zip(*((runner.result, runner.runs) for runner in self._runners), strict=True)
        return trace, Ending(tuple(steps), results, runs)

    def _work(self, runner: _Runner, change: Change) -> None:
        def counted(connection: Connection) -> Any:
            runner.runs += 1
            return change(connection)

        try:
            runner.result = asyncio.run(runner.database.write(counted))
        except Exception as failure:
            runner.result = failure
        with self._moved:
            runner.is_done = True
            self._moved.notify_all()

    def _listen(self, number: int, database: Database) -> None:
        def before(connection: "psycopg.Connection[Any]", statement: str, _parameters: Any) -> None:
            if not self._runners:
                return
            runner = self._runners[number]
            runner.process_id = connection.info.backend_pid
            label = next((label for label, pattern in self._gates.items() if pattern.search(statement)), None)
            if label is not None:
                self._stop_at(runner, label)

        @event.listens_for(database.engine, "connect")
        def _connect(connection: "psycopg.Connection[Any]", _entry: Any) -> None:
            connection.cursor_factory = cursors_heard_by(before)

        @event.listens_for(database.engine, "commit")
        def _commit(_connection: Connection) -> None:
            if self._runners:
                self._stop_at(self._runners[number], _COMMIT)

    def _stop_at(self, runner: _Runner, gate: str) -> None:
        with self._moved:
            runner.gate = gate
            self._moved.notify_all()
            assert self._moved.wait_for(lambda: not runner.gate, _PATIENCE_SECONDS), f"nobody opened {gate}"

    def _let_go(self, runner: _Runner) -> None:
        with self._moved:
            runner.gate = ""
            self._moved.notify_all()

    def _wait_until_quiet(self) -> list[int]:
        """Wait until nobody runs by himself; answers who stands at a gate. Two that wait for each other are not quiet:
        PostgreSQL will end one of them."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with self._moved:
                at_gate = [number for number, runner in enumerate(self._runners) if runner.gate]
                running = [runner for runner in self._runners if not runner.gate and not runner.is_done]
            if not running or (at_gate and all(self._waits_for_a_lock(runner) for runner in running)):
                return at_gate
            with self._moved:
                self._moved.wait(0.001)
        raise AssertionError(f"the changes hang: {self._runners}")

    def _waits_for_a_lock(self, runner: _Runner) -> bool:
        found = self._observer.execute("select cardinality(pg_blocking_pids(%s)) > 0", [runner.process_id]).fetchone()
        return found is not None and bool(found[0])


@contextmanager
def crossing(url: str, gates: Gates = SETTLE_GATES, *, at_once: int = 2) -> Iterator[Crossing]:
    """So many connections to the PostgreSQL database at `url`, with gates before the statements that match."""
    crossed = Crossing(url, gates, at_once)
    try:
        yield crossed
    finally:
        crossed.close()
