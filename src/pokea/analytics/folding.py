"""Folding: deltas become totals in the background, so that reading stays cheap (law 13).

A step takes a bounded number of deltas away and adds them to their totals, in one transaction: a crash leaves both or
neither. Several processes may fold at once. Each takes deltas that no other has, and totals are always locked in the
order of their keys, so that two of them wait for each other and never in a circle.
"""

import asyncio
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
    literal,
    literal_column,
    select,
    union_all,
)

from pokea.analytics.counting import HOURS_A_DAY, STATUSES
from pokea.analytics.reading import DAY, HOUR
from pokea.errors import Unavailable
from pokea.storage.database import Database
from pokea.storage.statements import insert_or_add
from pokea.storage.tables import counter_deltas, counters, owner_counts, owner_deltas

MOST_AT_ONCE: Final = 20_000
"""How many deltas of a kind one step folds."""
_HASTE: Final = 4
"""So much sooner a step that found something is followed by the next."""
_log = logging.getLogger("pokea.analytics")


def fold(connection: Connection, most: int = MOST_AT_ONCE) -> bool:
    """Fold some deltas of either kind, at most so many of each; says whether there were any."""
    owners = _fold(connection, owner_deltas, owner_counts, STATUSES, most)
    return _fold(connection, counter_deltas, counters, ("amount",), most) or owners


def _fold(connection: Connection, source: Table, totals: Table, sums: Sequence[str], most: int) -> bool:
    if connection.dialect.name == "postgresql":
        ctid = literal_column("ctid", String)
        taken = select(ctid).select_from(source).limit(most).with_for_update(skip_locked=True).scalar_subquery()
        gone = delete(source).where(ctid == func.any(func.array(taken))).returning(*source.c).cte("gone")
        return insert_or_add(connection, totals, _grouped(gone, sums), sums) > 0
    last = connection.execute(_last_of(source), {"most": most}).scalar_one()
    if last is None:
        return False
    rowid = literal_column("rowid", Integer)
    insert_or_add(connection, totals, _grouped(select(source).where(rowid <= last).subquery(), sums), sums)
    connection.execute(delete(source).where(rowid <= last))
    return True


@cache
def _last_of(source: Table) -> Select[Any]:
    """The number of the last of the oldest deltas, on SQLite."""
    rowid = literal_column("rowid", Integer)
    oldest = select(rowid.label("number")).select_from(source).order_by(rowid).limit(bindparam("most")).subquery()
    return select(func.max(oldest.c.number))


def _grouped(rows: Any, sums: Sequence[str]) -> Select[Any]:
    """The deltas as rows of the totals' table, in the order of its key."""
    added = [func.sum(rows.c[name]).label(name) for name in sums]
    if "owner" in rows.c:
        key = (rows.c.owner, rows.c.day)
        return select(*key, *added).group_by(*key).order_by(*key)
    periods = union_all(
        *(
            select(
                literal(span, literal_execute=True).label("span"), start.label("start"), rows.c.name, *added
            ).group_by(start, rows.c.name)
            for span, start in (
                (DAY, rows.c.hour // literal(HOURS_A_DAY, literal_execute=True)),
                (HOUR, rows.c.hour),
            )
        )
    ).subquery()
    return select(periods).order_by(periods.c.span, periods.c.start, periods.c.name)


class Folding:
    """Folds in the background of a process. Looks again soon after a step that found something, else after a sleep."""

    def __init__(self, database: Database, longest_sleep_seconds: float = 2.0) -> None:
        self._database = database
        self._longest_sleep_seconds = longest_sleep_seconds
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to work."""
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is not folded is counted all the same, and folded by whoever comes next."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])

    async def _run(self) -> None:
        while True:
            found = False
            try:
                found = await self._database.write(fold)
            except Unavailable:
                _log.warning("the database is away; counts wait to be folded")
            except Exception:
                _log.exception("folding stumbled; it goes on")
            await asyncio.sleep(self._longest_sleep_seconds / (_HASTE if found else 1))
