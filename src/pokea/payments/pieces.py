"""The time of a history as pieces with exact counts, newest first: days, hours, and what is left over at the edges.

Days and hours that lie wholly within the bounds are counted already (`analytics`); only a piece of an hour, or of a
customer's day, has its rows counted. So the total is a sum, and page ten thousand begins inside a piece that is found
by adding up: what is stepped over row by row is less than a piece.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from pokea.analytics.counting import day_of, hour_of, start_of_day, start_of_hour
from pokea.analytics.reading import DAY, HOUR
from pokea.clock import Instant


class Piece(NamedTuple):
    """The payments made from `since` on and before `before`; None for without a bound."""

    since: Instant | None
    before: Instant | None
    size: int


class Unit(NamedTuple):
    """What time is cut into, by number; the counts know it by its name."""

    name: str
    number_of: Callable[[Instant], int]
    start_of: Callable[[int], Instant]


DAYS: Final = Unit(DAY, day_of, start_of_day)
HOURS: Final = Unit(HOUR, hour_of, start_of_hour)


class Cut(NamedTuple):
    """Bounds in units: the whole ones from `first` on and before `end`, and what is left over below and above."""

    first: int | None
    end: int | None
    lower: tuple[Instant, Instant] | None
    upper: tuple[Instant, Instant] | None


def cut(since: Instant | None, before: Instant | None, unit: Unit) -> Cut:
    """Cut the time between the bounds; bounds within one unit leave only a rest, which is called the lower one."""
    first = None if since is None else unit.number_of(since) + (unit.start_of(unit.number_of(since)) < since)
    end = None if before is None else unit.number_of(before)
    if since is not None and before is not None and first is not None and end is not None and first > end:
        return Cut(first, first, (since, before), None)
    lower = upper = None
    if since is not None and first is not None and since < unit.start_of(first):
        lower = (since, unit.start_of(first))
    if before is not None and end is not None and unit.start_of(end) < before:
        upper = (unit.start_of(end), before)
    return Cut(first, end, lower, upper)


def whole(sizes: Mapping[int, int], unit: Unit) -> list[Piece]:
    """The units with payments in them, of which there are so many, newest first."""
    starts = unit.start_of
    return [Piece(starts(number), starts(number + 1), sizes[number]) for number in sorted(sizes, reverse=True)]


def after(pieces: Sequence[Piece], offset: int) -> tuple[list[Piece], int]:
    """The pieces that are left after so many payments, and how many of these lie in the first one left."""
    for number, piece in enumerate(pieces):
        if offset < piece.size:
            return [*pieces[number:]], offset
        offset -= piece.size
    return [], 0


def runs(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces that touch as one, newest first: between them nothing is to be found."""
    found: list[Piece] = []
    for piece in pieces:
        if found and piece.before is not None and found[-1].since == piece.before:
            found[-1] = Piece(piece.since, found[-1].before, found[-1].size + piece.size)
        else:
            found.append(piece)
    return found
