"""The time of a history as pieces with exact counts, newest first: days, hours, and what is left over at the edges.

Days and hours that lie wholly within the bounds are counted already (`analytics`); only a piece of an hour, or of a
customer's day, has its rows counted. So the total is a sum, and page ten thousand begins inside a piece that is found
by adding up: what is stepped over row by row is less than a piece.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from pokea.analytics.counting import day_of, hour_of, start_of_day, start_of_hour
from pokea.analytics.read import DAY, HOUR
from pokea.clock import Instant


class TimeSlice(NamedTuple):
    """The payments made from `since` on and before `before`; None for without a bound."""

    since: Instant | None
    before: Instant | None
    size: int


class SliceUnit(NamedTuple):
    """What time is cut into, by number; the counts know it by its name."""

    name: str
    number_of: Callable[[Instant], int]
    start_of: Callable[[int], Instant]


DAYS: Final = SliceUnit(DAY, day_of, start_of_day)
HOURS: Final = SliceUnit(HOUR, hour_of, start_of_hour)


class SplitRange(NamedTuple):
    """Bounds in units: the whole ones from `first` on and before `end`, and what is left over below and above."""

    first: int | None
    end: int | None
    lower: tuple[Instant, Instant] | None
    upper: tuple[Instant, Instant] | None


def split_range(since: Instant | None, before: Instant | None, unit: SliceUnit) -> SplitRange:
    """Cut the time between the bounds; bounds within one unit leave only a rest, which is called the lower one."""
    first = None if since is None else unit.number_of(since) + (unit.start_of(unit.number_of(since)) < since)
    end = None if before is None else unit.number_of(before)
    if since is not None and before is not None and first is not None and end is not None and first > end:
        return SplitRange(first, first, (since, before), None)
    lower = upper = None
    if since is not None and first is not None and since < unit.start_of(first):
        lower = (since, unit.start_of(first))
    if before is not None and end is not None and unit.start_of(end) < before:
        upper = (unit.start_of(end), before)
    return SplitRange(first, end, lower, upper)


def full_slices(sizes: Mapping[int, int], unit: SliceUnit) -> list[TimeSlice]:
    """The units with payments in them, of which there are so many, newest first."""
    starts = unit.start_of
    return [TimeSlice(starts(number), starts(number + 1), sizes[number]) for number in sorted(sizes, reverse=True)]


def skip(pieces: Sequence[TimeSlice], offset: int) -> tuple[list[TimeSlice], int]:
    """The pieces that are left after so many payments, and how many of these lie in the first one left."""
    for number, piece in enumerate(pieces):
        if offset < piece.size:
            return [*pieces[number:]], offset
        offset -= piece.size
    return [], 0


def merge_adjacent(pieces: Sequence[TimeSlice]) -> list[TimeSlice]:
    """Pieces that touch as one, newest first: between them nothing is to be found."""
    found: list[TimeSlice] = []
    for piece in pieces:
        if found and piece.before is not None and found[-1].since == piece.before:
            found[-1] = TimeSlice(piece.since, found[-1].before, found[-1].size + piece.size)
        else:
            found.append(piece)
    return found
