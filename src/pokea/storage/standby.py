"""A streaming standby of the primary: looked at once a second, and read from while what it shows is new enough.

Each read asks the server what it is before it begins, in the same message: a standby that was promoted since the last
look, or has fallen back, is not read from. `storage.late_reads` is the door for those who may read from it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, ParamSpec, TypeVar

from sqlalchemy import Connection, text

from pokea.clock import Instant
from pokea.errors import Unavailable
from pokea.storage.attempts import failures_of
from pokea.storage.database import Database, Query, open_for_reading
from pokea.storage.reading import end_snapshot, snapshot_after
from pokea.storage.standby_age import (
    Marks,
    PrimaryMark,
    StandbyFault,
    StandbyLook,
    age_seconds,
    as_of,
    fault_of,
    is_ahead,
    primary_now,
    with_mark,
)
from pokea.storage.worker import Worker
from pokea.storage_settings import StorageSettings

P = ParamSpec("P")
T = TypeVar("T")

LOOKS_EVERY_SECONDS: Final = 1.0
READ_SECONDS: Final = 2.0
"""How long a read may take there, so that one that is then made on the primary is answered within 10 s."""
LOOK_SECONDS: Final = 2.0
"""How long a look may take; a standby that takes longer is away."""
_SHUTS_DOWN: Final = ("57P", "08")
_MICROSECONDS: Final = "(extract(epoch from {}) * 1000000)::bigint"
_BYTES: Final = "pg_wal_lsn_diff({}, '0/0')::bigint"
_SYSTEM: Final = "(select system_identifier from pg_control_system())"
_MARK: Final = text(
    f"select {_MICROSECONDS.format('clock_timestamp()')}, {_BYTES.format('pg_current_wal_lsn()')}, {_SYSTEM}"
)
_LOOK: Final = (
    f"select pg_is_in_recovery(), coalesce({_BYTES.format('pg_last_wal_replay_lsn()')}, 0), "
    f"coalesce({_MICROSECONDS.format('pg_last_xact_replay_timestamp()')}, 0), {_SYSTEM}"
).encode()

_log = logging.getLogger("pokea.standby")


class Shown(NamedTuple):
    """How old what was read is at the most, and before which instant of the primary's clock all that was committed is
    in it."""

    age_seconds: float
    as_of: Instant


class Standby:
    """The server at POKEA_READ_URL. `database` is its door, which reads alone.

    `fault` is why it is not read from, None while it is, and `why` says it in words.
    """

    def __init__(self, database: Database, most_age_seconds: float, look_seconds: float = LOOK_SECONDS) -> None:
        self._database = database
        self._look_seconds = look_seconds
        self._most_age_seconds = most_age_seconds
        self._marks: Marks = ()
        self._last: StandbyLook | None = None
        self.fault: StandbyFault | None = StandbyFault.UNKNOWN
        self.why = StandbyFault.UNKNOWN.value

    @property
    def age_seconds(self) -> float | None:
        """How old what it showed when it was last looked at is by now; None where that is not known."""
        if self._last is None or not self._marks:
            return None
        return age_seconds(self._last, self._marks, asyncio.get_running_loop().time())

    async def look(self, primary: Database) -> None:
        """Find out whether it may be read from, and how old what it shows is; say in the log what has changed.

        Raises Unavailable when the primary does not answer; then nothing is concluded but by earlier marks.
        """
        found = await self._look()
        mark = await _marked(primary)
        self._marks = with_mark(self._marks, mark)
        if found is None:
            return
        self._last = found
        ahead = found.is_in_recovery and is_ahead(found, mark)
        self._judge(StandbyFault.STRANGE if ahead else self._fault_of(found, asyncio.get_running_loop().time()))

    async def moment(self, primary: Database) -> Instant:
        """An instant of the primary's clock, not before now. Raises Unavailable."""
        if not self._marks:
            self._marks = with_mark(self._marks, await _marked(primary))
        return primary_now(self._marks, asyncio.get_running_loop().time())

    async def read(
        self, not_before: Instant, query: Query[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, Shown] | None:
        """What `query` finds, of one moment; None where the primary has to be read.

        What was committed before `not_before`, on the primary's clock, is in it.
        """
        if self.fault is not None:
            return None
        now_seconds = asyncio.get_running_loop().time
        snapshot = _Snapshot(lambda look: self._check(look, not_before, now_seconds()))
        try:
            found = await self._database.read_by(snapshot, query, *args, **kwargs)
        except _NotAccepted as refused:
            if refused.fault is not None:
                self._judge(refused.fault)
            return None
        except Unavailable as failure:
            if _is_away(failure):
                self._judge(StandbyFault.AWAY, str(failure))
            return None
        except failures_of("postgresql") as failure:
            # As of a schema that is not there yet. If the fault is the query's, the primary says so.
            _log.info("a read failed on the standby, and is made on the primary: %s", type(failure).__name__)
            return None
        look = snapshot.look
        return found, Shown(age_seconds(look, self._marks, now_seconds()), as_of(look, self._marks))

    def close(self) -> None:
        """Let go of every connection."""
        self._database.close()

    async def _look(self) -> StandbyLook | None:
        snapshot = _Snapshot(lambda _look: None)
        try:
            async with asyncio.timeout(self._look_seconds):
                await self._database.read_by(snapshot, lambda _connection: None)
        except (Unavailable, TimeoutError) as failure:
            self._judge(StandbyFault.AWAY, str(failure))
            return None
        except failures_of("postgresql") as failure:
            self._judge(StandbyFault.AWAY, type(failure).__name__)
            return None
        return snapshot.look

    def _check(self, look: StandbyLook, not_before: Instant, loop_seconds: float) -> None:
        """Raises _NotAccepted when what the server says of itself is not enough for a read. Runs in a thread."""
        fault = self._fault_of(look, loop_seconds)
        if fault is not None or as_of(look, self._marks) < not_before:
            raise _NotAccepted(fault)

    def _fault_of(self, look: StandbyLook, loop_seconds: float) -> StandbyFault | None:
        return fault_of(look, self._marks, loop_seconds, self._most_age_seconds)

    def _judge(self, fault: StandbyFault | None, words: str = "") -> None:
        """Remember why it is not read from, or that it is, and say it where it is another reason than before."""
        if fault is self.fault:
            return
        self.fault, self.why = fault, ""
        if fault is None:
            _log.info("lists and figures are read from the standby (POKEA_READ_URL)")
            return
        if fault is StandbyFault.LATE:
            words = f"{self.age_seconds or 0:.0f} s, POKEA_READ_AGE_SECONDS is {self._most_age_seconds:g}"
        self.why = f"{fault.value} ({words})" if words else fault.value
        _log.warning("the primary is read instead of the standby (POKEA_READ_URL): %s", self.why)


class StandbyWatch:
    """Looks at a standby once a second, in the background. `note_age` is called with its age in seconds."""

    def __init__(self, standby: Standby, primary: Database, note_age: Callable[[float], None]) -> None:
        self._standby = standby
        self._primary = primary
        self._note_age = note_age
        self._worker = Worker(self._step, _log, name="looking at the standby", waits="the standby is not looked at")

    async def start(self) -> None:
        """Begin to look."""
        await self._worker.start()

    async def stop(self) -> None:
        """End, and let go of the standby."""
        await self._worker.stop()
        self._standby.close()

    async def _step(self) -> None:
        # That the primary is away is known by others, which say so.
        with suppress(Unavailable):
            await self._standby.look(self._primary)
        age = self._standby.age_seconds
        if age is not None:
            self._note_age(age)
        await self._worker.rest(LOOKS_EVERY_SECONDS)


class _NotAccepted(Exception):
    """The server is not to be read from, or, without a fault, has not come far enough for this read."""

    def __init__(self, fault: StandbyFault | None) -> None:
        super().__init__(fault)
        self.fault = fault


class _Snapshot:
    """A way to read: it asks the server what it is, has that checked, and begins a snapshot that is no older."""

    look: StandbyLook

    def __init__(self, check: Callable[[StandbyLook], None]) -> None:
        self._check = check

    @contextmanager
    def __call__(self, connection: Connection) -> Iterator[None]:
        self.look = StandbyLook._make(snapshot_after(connection, _LOOK))
        try:
            self._check(self.look)
        except _NotAccepted:
            end_snapshot(connection)
            raise
        yield
        # After a failure the pool rolls back, or lets go of the connection.
        end_snapshot(connection)


async def _marked(primary: Database) -> PrimaryMark:
    """A mark. Raises Unavailable, also when the primary is none."""
    asked_at = asyncio.get_running_loop().time()
    try:
        moment, position, system = await primary.read_one(_mark)
    except failures_of("postgresql") as failure:
        raise Unavailable(f"the primary's log is not known: {type(failure).__name__}") from failure
    return PrimaryMark(asked_at, moment, position, system)


def _mark(connection: Connection) -> tuple[int, int, int]:
    moment, position, system = connection.execute(_MARK).one()
    return moment, position, system


def _is_away(failure: Unavailable) -> bool:
    """Whether the server did not answer, or is being stopped; else it refused this read alone, as one that stands in
    the way of what it replays."""
    cause = failure.__cause__.__cause__ if failure.__cause__ is not None else None
    code = getattr(getattr(cause, "orig", cause), "sqlstate", None)
    return code is None or code.startswith(_SHUTS_DOWN)


def open_standby(
    url: str,
    most_age_seconds: float,
    *,
    prepare: bool = True,
    read_seconds: float = READ_SECONDS,
    look_seconds: float = LOOK_SECONDS,
) -> Standby:
    """The standby at this address, with threads of its own; `prepare` as in `postgres_engine`."""
    return Standby(open_for_reading(url, read_seconds, prepare=prepare), most_age_seconds, look_seconds)


def standby_of(settings: StorageSettings, read_seconds: float = READ_SECONDS) -> Standby | None:
    """The standby that the settings name, as `open_standby` opens it; None where they name none."""
    if not settings.pokea_read_url:
        return None
    age_seconds = settings.pokea_read_age_seconds
    return open_standby(settings.pokea_read_url, age_seconds, prepare=settings.prepares, read_seconds=read_seconds)
