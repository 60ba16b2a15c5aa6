"""Folding: deltas become totals in the background, so that reading stays cheap (law: counting).

A step takes a bounded number of deltas away and adds them to their totals, in one transaction: a crash leaves both or
neither. Several processes may fold at once. Each takes deltas that no other has, and totals are always locked in the
order of their keys, so that two of them wait for each other and never in a circle.
"""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.sql.base import Executable

from pokea.analytics.counting import HOURS_A_DAY, STATUSES
from pokea.analytics.read import DAY, HOUR
from pokea.storage.database import Database
from pokea.storage.sql import execute, fetch_one
from pokea.storage.statements import insertion_or_addition
from pokea.storage.tables import counter_deltas, counters, owner_counts, owner_deltas
from pokea.storage.worker import Worker

MOST_AT_ONCE: Final = 20_000
"""How many deltas of a kind one step folds."""
_HASTE: Final = 4
"""So much sooner a step that found something is followed by the next."""
_rowid = literal_column("rowid", Integer)
_log = logging.getLogger("pokea.analytics")


def roll_up(connection: Connection, most: int = MOST_AT_ONCE) -> bool:
    """Fold some deltas of either kind, at most so many of each; says whether there were any."""
    owners = _fold(connection, owner_deltas, owner_counts, STATUSES, most)
    return _fold(connection, counter_deltas, counters, ("amount",), most) or owners


def _fold(connection: Connection, source: Table, totals: Table, sums: tuple[str, ...], most: int) -> bool:
    if connection.dialect.name == "postgresql":
        return execute(connection, _taken_and_added(source, totals, sums), {"most": most}) > 0
    (last,) = fetch_one(connection, _last_of(source), {"most": most})
    if last is None:
        return False
    execute(connection, _added(source, totals, sums), {"last": last})
    execute(connection, _taken(source), {"last": last})
    return True


@cache
def _taken_and_added(source: Table, totals: Table, sums: tuple[str, ...]) -> Executable:
    """Takes the oldest deltas that no other process is taking, and adds them to their totals, on PostgreSQL."""
    ctid = literal_column("ctid", String)
    taken = select(ctid).select_from(source).limit(bindparam("most")).with_for_update(skip_locked=True)
    some = ctid == func.any(func.array(taken.scalar_subquery()))
    gone = delete(source).where(some).returning(*source.c).cte("gone")
    return insertion_or_addition("postgresql", totals, _grouped(gone, sums), sums)


@cache
def _last_of(source: Table) -> Executable:
    """The number of the last of the oldest deltas, on SQLite."""
    oldest = select(_rowid.label("number")).select_from(source).order_by(_rowid).limit(bindparam("most")).subquery()
    return select(func.max(oldest.c.number))


@cache
def _added(source: Table, totals: Table, sums: tuple[str, ...]) -> Executable:
    """Adds the deltas up to one of them to their totals, on SQLite."""
    oldest = select(source).where(_rowid <= bindparam("last")).subquery()
    return insertion_or_addition("sqlite", totals, _grouped(oldest, sums), sums)


@cache
def _taken(source: Table) -> Executable:
    """Takes the deltas up to one of them away, on SQLite."""
    return delete(source).where(_rowid <= bindparam("last"))


def _grouped(rows: Any, sums: Sequence[str]) -> Select[Any]:
    """The deltas as rows of the totals' table, in the order of its key."""
    added = [func.sum(rows.c[name]).label(name) for name in sums]
    if "owner" in rows.c:
        key = (rows.c.merchant_id, rows.c.owner, rows.c.day)
        return select(*key, *added).group_by(*key).order_by(*key)
    # What is grouped by may have no parameter in it: PostgreSQL would not see that it is what is selected.
    day = rows.c.hour // literal_column(str(HOURS_A_DAY), Integer)
    periods = union_all(
        *(
            select(
                rows.c.merchant_id,
                literal_column(f"'{span}'", String).label("span"),
                start.label("start"),
                rows.c.name,
                *added,
            ).group_by(rows.c.merchant_id, start, rows.c.name)
            for span, start in ((DAY, day), (HOUR, rows.c.hour))
        )
    ).subquery()
    return select(periods).order_by(periods.c.merchant_id, periods.c.span, periods.c.start, periods.c.name)


class Rollup:
    """Folds in the background of a process. Looks again soon after a step that found something, else after a sleep."""

    def __init__(self, database: Database, longest_sleep_seconds: float = 2.0) -> None:
        self._database = database
        self._longest_sleep_seconds = longest_sleep_seconds
        self._work = Worker(
            self._step, _log, name="folding", waits="counts wait to be folded", pause_seconds=longest_sleep_seconds
        )

    async def start(self) -> None:
        """Begin to work."""
        await self._work.start()

    async def stop(self) -> None:
        """End; what is not folded is counted all the same, and the next process folds it."""
        await self._work.stop()

    async def _step(self) -> None:
        found = await self._database.write(roll_up)
        await self._work.rest(self._longest_sleep_seconds / (_HASTE if found else 1))
