"""How old what a standby shows is, reckoned from positions in the primary's log. All of it is pure.

A mark is a moment on the primary's own clock, and the position up to which its log was written then. A standby that has
replayed that position shows everything that was committed before that moment. So no clocks of two machines are
compared, nothing is written for it, and a standby of a primary at which nothing happens does not look old. Behind by
more than the marks that are kept, a standby is as old as the last commit that it has replayed.

Positions are bytes of the log. Instants are those of the primary's clock; what runs on between two marks is the event
loop's time, in seconds.
"""

from enum import Enum
from typing import Final, NamedTuple

from pokea.clock import SECOND, Instant

MOST_MARKS: Final = 300
DRIFT: Final[Instant] = SECOND // 100
"""More than two clocks drift apart between two marks."""


class PrimaryMark(NamedTuple):
    """The primary's clock and its log, asked for at a time of the event loop. `system` names the cluster, as initdb
    did, and all its standbys."""

    asked_at_seconds: float
    moment: Instant
    position: int
    system: int


class StandbyLook(NamedTuple):
    """What a server says of itself: whether it is in recovery, as standbys are, and how far it has replayed the log."""

    is_in_recovery: bool
    position: int
    last_commit_at: Instant
    system: int


Marks = tuple[PrimaryMark, ...]
"""Of one primary, the oldest first."""


class StandbyFault(Enum):
    """Why a standby is not read from."""

    UNKNOWN = "it has not been looked at"
    AWAY = "it does not answer"
    PROMOTED = "it is not in recovery: it was promoted, or never was a standby of this primary"
    STRANGE = "it follows another primary"
    LATE = "what it shows is too old"


def with_mark(marks: Marks, mark: PrimaryMark) -> Marks:
    """The marks and a newer one. A log that is shorter than it was, or another cluster's, has none before it."""
    if marks and (mark.position < marks[-1].position or mark.system != marks[-1].system):
        return (mark,)
    if marks and mark.position == marks[-1].position:
        return (*marks[:-1], mark)
    return (*marks[-MOST_MARKS + 1 :], mark)


def as_of(look: StandbyLook, marks: Marks) -> Instant:
    """What was committed before this instant is shown, whatever else may be."""
    covered = (mark.moment for mark in reversed(marks) if mark.position <= look.position)
    return max(look.last_commit_at, next(covered, 0))


def primary_now(marks: Marks, loop_seconds: float) -> Instant:
    """The primary's clock, or a moment later; there must be a mark."""
    return marks[-1].moment + round((loop_seconds - marks[-1].asked_at_seconds) * SECOND) + DRIFT


def age_seconds(look: StandbyLook, marks: Marks, loop_seconds: float) -> float:
    """How old what the standby shows is at the most; there must be a mark."""
    return max(0.0, (primary_now(marks, loop_seconds) - as_of(look, marks)) / SECOND)


def fault_of(look: StandbyLook, marks: Marks, loop_seconds: float, most_seconds: float) -> StandbyFault | None:
    """Why it is not read from now; None where it may be."""
    if not look.is_in_recovery:
        return StandbyFault.PROMOTED
    if not marks:
        return StandbyFault.UNKNOWN
    if look.system != marks[-1].system:
        return StandbyFault.STRANGE
    return StandbyFault.LATE if age_seconds(look, marks, loop_seconds) > most_seconds else None


def is_ahead(look: StandbyLook, later: PrimaryMark) -> bool:
    """Whether it has replayed what the primary had not written when it was asked after: the log of another primary."""
    return look.position > later.position
