"""What a benchmark found: tables with units, bars that were kept or missed, and medians of alternating rounds."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

T = TypeVar("T")
Cell = str | int | float | None


class Bar(Struct, frozen=True):
    """What is asked of a figure: `value` is to be at least, or at most, `limit`."""

    says: str
    value: float
    limit: float
    sense: Literal["at least", "at most"] = "at least"
    unit: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the figure is on the right side."""
        return self.value >= self.limit if self.sense == "at least" else self.value <= self.limit

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        verdict = "kept" if self.is_kept else "MISSED"
        return f"{self.says}: {shown(self.value)}{unit} ({self.sense} {shown(self.limit)}{unit}: {verdict})"


class Table(Struct, frozen=True):
    """One table. The columns name their units; `notes` are sentences below it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    bars: Sequence[Bar] = ()
    notes: Sequence[str] = ()


def shown(cell: Cell) -> str:
    """A figure as a person reads it: three digits that count, thousands apart."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if cell == 0:
        return "0"
    size = abs(cell)
    decimals = 0 if isinstance(cell, int) or size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3  # noqa: PLR2004 - three digits
    return f"{cell:,.{decimals}f}"


def as_text(table: Table) -> str:
    """The table for a terminal: words to the left, figures to the right."""
    lines = [list(table.columns), *([shown(cell) for cell in row] for row in table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.columns))]
    numeric = [all(not isinstance(row[column], str) for row in table.rows) for column in range(len(table.columns))]

    def aligned(line: Sequence[str]) -> str:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        return "  " + "  ".join(cells).rstrip()

    head, *rest = lines
    rule = "  " + "  ".join("-" * width for width in widths)
    below = [f"  {text}" for text in (*map(str, table.bars), *table.notes)]
    return "\n".join([table.title, aligned(head), rule, *map(aligned, rest), *below])


def as_markdown(table: Table) -> str:
    """The table for a page of docs/."""
    lines = [list(table.columns), ["---"] * len(table.columns), *([shown(cell) for cell in row] for row in table.rows)]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    below = "\n".join(f"- {text}" for text in (*map(str, table.bars), *table.notes))
    return "\n\n".join(part for part in (f"**{table.title}**", body, below) if part)


def alternate(rounds: int, ways: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Run each way once a round, forwards and backwards in turn, so that a drift of the machine harms all alike."""
    found: dict[str, list[T]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in ways if number % 2 == 0 else reversed(list(ways)):
            found[name].append(ways[name]())
    return found


def median(values: Iterable[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def ratio(these: Sequence[float], to_those: Sequence[float]) -> float:
    """The median of the ratios of each round."""
    return median(mine / theirs for mine, theirs in zip(these, to_those, strict=True))
