"""What a statement can prove by what is absent from it, and what it cannot. Pure.

A statement proves what stands in it. That something is absent from it is proof only if it is complete (law:
statements): it is of the account that receives, its time is known and over, every row was read, and its sums agree. So
every conclusion from absence takes a `CompleteStatement`, and there is none of a statement that has a gap.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final

from msgspec import Struct

from pokea.clock import SECOND, Instant
from pokea.reconciliation.balances import break_in_balances, edges_differ, is_newest_first, states_sums, totals_differ
from pokea.reconciliation.lines import LineKind, StatementLine
from pokea.reconciliation.receiving import ReceivingAccount
from pokea.reconciliation.statement import Statement

CLOCK_TOLERANCE: Final[Instant] = 300 * SECOND
"""How far a statement may be ahead of our clock before its clock is not believed."""


class Coverage(Struct, frozen=True):
    """The time of which a statement shows every movement, both ends included."""

    since: Instant
    until: Instant

    def holds(self, begin: Instant, end: Instant) -> bool:
        """Whether all of this time lies within."""
        return self.since <= begin and end <= self.until


class GapKind(StrEnum):
    """What a statement lacks to be complete, or to be ours."""

    FOREIGN_SHORT_CODE = "foreign_short_code"
    FOREIGN_ACCOUNT = "foreign_account"
    SHORT_CODE_UNKNOWN = "short_code_unknown"
    ACCOUNT_UNKNOWN = "account_unknown"
    PERIOD_UNKNOWN = "period_unknown"
    PREAMBLE_UNREADABLE = "preamble_unreadable"
    ROWS_UNREADABLE = "rows_unreadable"
    ROWS_REPEATED = "rows_repeated"
    ROWS_OUT_OF_ORDER = "rows_out_of_order"
    ROWS_OUTSIDE_PERIOD = "rows_outside_period"
    DATES_MAY_BE_SWAPPED = "dates_may_be_swapped"
    CLOCK_DIFFERS = "clock_differs"
    SUMS_UNKNOWN = "sums_unknown"
    TOTALS_DIFFER = "totals_differ"
    BALANCES_BREAK = "balances_break"
    EDGE_BALANCES_DIFFER = "edge_balances_differ"


CONTRADICTING_SUMS: Final = frozenset({GapKind.TOTALS_DIFFER, GapKind.BALANCES_BREAK, GapKind.EDGE_BALANCES_DIFFER})
"""Gaps by which at least one amount of the statement is wrong, or a row lacks."""


class Gap(Struct, frozen=True):
    """One thing that a statement lacks; `lines` are numbers of rows, where it is a matter of rows."""

    kind: GapKind
    sentence: str
    lines: tuple[int, ...] = ()


class CompleteStatement:
    """Proof that a statement shows every movement of the receiving account within its coverage.

    Raises ValueError where it has a gap: without one of these nothing is concluded from absence.
    """

    __slots__ = ("coverage",)

    def __init__(self, statement: Statement, receiving: ReceivingAccount, misdated: Sequence[StatementLine]) -> None:
        found = gaps(statement, receiving, misdated)
        coverage = coverage_of(statement)
        if found or coverage is None:
            raise ValueError("; ".join(gap.sentence for gap in found) or "it covers no time")
        self.coverage: Final = coverage


def coverage_of(statement: Statement) -> Coverage | None:
    """From the period's begin to the earliest of its end, the report's date and the reading; None for no time at all.

    Without a report's date it ends with the last row.
    """
    preamble = statement.preamble
    ends_at = preamble.reported_at
    if ends_at is None:
        ends_at = max((line.at for line in statement.lines), default=None)
    if preamble.since is None or preamble.until is None or ends_at is None:
        return None
    until = min(preamble.until, ends_at, statement.read_at)
    return Coverage(preamble.since, until) if preamble.since <= until else None


def shut_gates(statement: Statement, receiving: ReceivingAccount) -> list[Gap]:
    """Why no line of this statement may settle anything: it is of another short code or account."""
    found = []
    foreign = [code for code in statement.preamble.short_codes if code not in receiving.short_codes]
    if foreign:
        ours = " or ".join(sorted(receiving.short_codes)) or "not set"
        found.append(
            Gap(
                GapKind.FOREIGN_SHORT_CODE,
                f"The statement is of short code {foreign[0][:20]}, and ours is {ours}: nothing is settled by it.",
            )
        )
    others = [name for name in statement.preamble.accounts if receiving.account not in name.lower().split()]
    if others:
        found.append(
            Gap(
                GapKind.FOREIGN_ACCOUNT,
                f"The statement is of the account `{others[0][:40]}`, and customers pay to the "
                f"{receiving.account.capitalize()} Account: nothing is settled by it.",
            )
        )
    return found


def gaps(statement: Statement, receiving: ReceivingAccount, misdated: Sequence[StatementLine]) -> list[Gap]:
    """Everything that the statement lacks to be complete; `misdated` are lines whose time is not their payment's."""
    return [
        *shut_gates(statement, receiving),
        *_unstated(statement),
        *_unread(statement),
        *_misplaced(statement, misdated),
        *_sums(statement),
    ]


def _unstated(statement: Statement) -> list[Gap]:
    preamble = statement.preamble
    found = []
    if not preamble.states_short_code:
        found.append(Gap(GapKind.SHORT_CODE_UNKNOWN, "The preamble does not name the short code."))
    if not preamble.states_account:
        found.append(Gap(GapKind.ACCOUNT_UNKNOWN, "The preamble does not name the account."))
    if preamble.unreadable:
        labels = ", ".join(preamble.unreadable)
        found.append(Gap(GapKind.PREAMBLE_UNREADABLE, f"The preamble cannot be read: {labels}."))
    if coverage_of(statement) is None:
        found.append(
            Gap(
                GapKind.PERIOD_UNKNOWN,
                "Which time the statement covers is not known: it needs a `Time Period` that has begun, and a "
                "`Date of Report` in it or a row.",
            )
        )
    return found


def _unread(statement: Statement) -> list[Gap]:
    found = []
    if statement.unreadable:
        numbers = tuple(each.number for each in statement.unreadable)
        found.append(Gap(GapKind.ROWS_UNREADABLE, f"Not every row can be read: {_rows(numbers)}.", numbers))
    seen: dict[tuple[object, ...], int] = {}
    repeated = []
    for line in statement.lines:
        key = (line.receipt, line.moved_cents > 0, line.details, line.kind is LineKind.UNFINISHED)
        if seen.setdefault(key, line.number) != line.number:
            repeated += [seen[key], line.number]
    if repeated:
        numbers = tuple(sorted(set(repeated)))
        found.append(
            Gap(GapKind.ROWS_REPEATED, f"Rows stand twice, with receipt, side and details: {_rows(numbers)}.", numbers)
        )
    return found


def _misplaced(statement: Statement, misdated: Sequence[StatementLine]) -> list[Gap]:
    preamble = statement.preamble
    found = []
    latest = statement.read_at + CLOCK_TOLERANCE
    # A movement may be shown a moment after the report was begun; one of tomorrow is shown by no report of today.
    until = min(each for each in (preamble.until, latest) if each is not None)
    if preamble.reported_at is not None:
        until = min(until, preamble.reported_at + CLOCK_TOLERANCE)
    since = preamble.since or 0
    outside = tuple(line.number for line in statement.lines if line.at + line.blur < since or until < line.at)
    if outside:
        found.append(
            Gap(
                GapKind.ROWS_OUTSIDE_PERIOD,
                f"Outside the time that the statement is of, or later than now: {_rows(outside)}.",
                outside,
            )
        )
    if is_newest_first(statement.lines) is None:
        numbers = _turns(statement.lines)
        found.append(Gap(GapKind.ROWS_OUT_OF_ORDER, f"Not in the order of time: {_rows(numbers)}.", numbers))
    if statement.may_be_swapped:
        found.append(
            Gap(
                GapKind.DATES_MAY_BE_SWAPPED,
                "A spreadsheet has turned times into dates, and may have taken days for months: give the portal's own.",
            )
        )
    numbers = tuple(line.number for line in misdated)
    if numbers or (preamble.reported_at or 0) > latest:
        told = f"not at the times of their payments: {_rows(numbers)}" if numbers else "it was made later than now"
        found.append(Gap(GapKind.CLOCK_DIFFERS, f"The statement's clock is not ours; {told}.", numbers))
    return found


def _turns(lines: Sequence[StatementLine]) -> tuple[int, ...]:
    """Rows at which the order of time turns against that of the first and last row."""
    falls = lines[0].at >= lines[-1].at
    return tuple(
        later.number for line, later in pairwise(lines) if later.at != line.at and (later.at < line.at) != falls
    )


def _sums(statement: Statement) -> list[Gap]:
    found = []
    if not states_sums(statement):
        found.append(
            Gap(
                GapKind.SUMS_UNKNOWN,
                "The preamble has neither both balances nor both totals, so that a row that lacks is not noticed.",
            )
        )
    # The sums of a row that was not read are not known; that it was not is a gap by itself.
    totals = "" if statement.unreadable else totals_differ(statement)
    if totals:
        found.append(Gap(GapKind.TOTALS_DIFFER, totals))
    broken = break_in_balances(statement)
    if broken:
        sentence = f"A balance does not follow from the row before it in time: {_rows(broken)}. Rows may lack."
        found.append(Gap(GapKind.BALANCES_BREAK, sentence, broken))
    edges = "" if statement.unreadable else edges_differ(statement)
    if edges:
        found.append(Gap(GapKind.EDGE_BALANCES_DIFFER, edges))
    return found


_NAMED_ROWS: Final = 10


def _rows(numbers: Sequence[int]) -> str:
    """`row 8`, `rows 8, 9 and 3 more`."""
    named = ", ".join(str(number) for number in numbers[:_NAMED_ROWS])
    more = f" and {len(numbers) - _NAMED_ROWS} more" if len(numbers) > _NAMED_ROWS else ""
    return f"row{'s' if len(numbers) > 1 else ''} {named}{more}"
