"""The sums of a statement: its totals, in the header or below the rows, and the chain of balances that each row
continues (texts: order and balances). Pure.

Rows that were deleted by hand, cut off or swallowed leave a break here, and nowhere else.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pokea.money import CENTS
from pokea.reconciliation.lines import LineKind, StatementLine
from pokea.reconciliation.statement import Statement


def is_newest_first(lines: Sequence[StatementLine]) -> bool | None:
    """Whether the rows go back in time, as the portal's do; None where they go neither way."""
    rises = any(line.at + line.blur < later.at for line, later in pairwise(lines))
    falls = any(line.at > later.at + later.blur for line, later in pairwise(lines))
    return None if rises and falls else not rises


def totals_differ(statement: Statement) -> str:
    """The sentence that says which total, of the header or below the rows, is not their sum; empty where they agree."""
    preamble = statement.preamble
    moved = [line for line in statement.lines if line.kind is not LineKind.UNFINISHED]
    paid_in, withdrawn = sum(line.paid_in_cents for line in moved), sum(line.withdrawn_cents for line in moved)
    sums = [
        ("`Total Paid In`", preamble.paid_in_cents, paid_in),
        ("`Total Withdrawn`", preamble.withdrawn_cents, withdrawn),
    ]
    for each in statement.sums_below:
        sums += [
            (f"`Paid In` of row {each.number}", each.paid_in_cents, paid_in),
            (f"`Withdrawn` of row {each.number}", each.withdrawn_cents, withdrawn),
        ]
    wrong = [
        f"{label} is {shillings(abs(stated))} and the rows have {shillings(summed)}"
        for label, stated, summed in sums
        if stated is not None and abs(stated) != summed
    ]
    return f"{'; '.join(wrong)}: rows may lack." if wrong else ""


def break_in_balances(statement: Statement) -> tuple[int, ...]:
    """The rows whose balance does not follow from the ones before them in time."""
    return _breaks(_in_time(statement), [each.number for each in statement.unreadable])


def states_sums(statement: Statement) -> bool:
    """Whether the header has both balances or both totals, without which a row that lacks at an end is not noticed."""
    preamble = statement.preamble
    balances = (preamble.opening_cents, preamble.closing_cents)
    return None not in balances or None not in (preamble.paid_in_cents, preamble.withdrawn_cents)


def edges_differ(statement: Statement) -> str:
    """The sentence that says which of the header's balances is not that of the first or last row; empty for neither."""
    opening, closing = statement.preamble.opening_cents, statement.preamble.closing_cents
    rows = _in_time(statement)
    first = next((place for place, line in enumerate(rows) if line.balance_cents is not None), None)
    if first is None:
        moved = sum(line.moved_cents for line in rows)
        if opening is None or closing is None or opening + moved == closing:
            return ""
        return f"`Opening Balance` and the rows come to {shillings(opening + moved)}, and `Closing Balance` differs."
    last = next(place for place in reversed(range(len(rows))) if rows[place].balance_cents is not None)
    before = (rows[first].balance_cents or 0) - sum(line.moved_cents for line in rows[: first + 1])
    after = (rows[last].balance_cents or 0) + sum(line.moved_cents for line in rows[last + 1 :])
    wrong = []
    if opening is not None and before != opening:
        wrong.append(
            f"`Opening Balance` is {shillings(opening)} and the first row in time began at {shillings(before)}"
        )
    if closing is not None and after != closing:
        wrong.append(f"`Closing Balance` is {shillings(closing)} and the newest row ended at {shillings(after)}")
    return f"{'; '.join(wrong)}: rows may lack at an end." if wrong else ""


def _in_time(statement: Statement) -> Sequence[StatementLine]:
    """The rows that moved money, oldest first."""
    moved = [line for line in statement.lines if line.kind is not LineKind.UNFINISHED]
    newest_first = is_newest_first(moved)
    if newest_first and len({line.at for line in moved}) == 1:
        # Rows of one second do not say which way they go: the way in which the balances follow is theirs.
        newest_first = not _breaks(moved[::-1], ()) or bool(_breaks(moved, ()))
    return moved[::-1] if newest_first is not False else moved


def _breaks(rows: Sequence[StatementLine], unread: Sequence[int]) -> tuple[int, ...]:
    """Numbers of rows, oldest first, whose balance is not the last one that was known and what moved since."""
    return tuple(_each_break(rows, sorted(unread)))


def _each_break(rows: Sequence[StatementLine], unread: Sequence[int]) -> Iterator[int]:
    expected: int | None = None
    before: int | None = None
    for line in rows:
        # What an unreadable row between the two has moved is not known.
        if before is not None and bisect(unread, before) != bisect(unread, line.number):
            expected = None
        before = line.number
        if expected is not None:
            expected += line.moved_cents
        if line.balance_cents is not None:
            if expected is not None and expected != line.balance_cents:
                yield line.number
            expected = line.balance_cents


def shillings(cents: int) -> str:
    """`1,234.56`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // CENTS:,}.{abs(cents) % CENTS:02}"
