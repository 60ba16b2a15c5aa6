"""The goals of speed: what a call, a callback, a payment and a process cost, alone or beside an earlier release.

`make bench ARGS="goals"` measures the present release; `make bench ARGS="--against REV"` runs both in rounds that
alternate, and prints ratios. Measures are chosen by name: `make bench ARGS="--against REV history life"`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from bench.measures import Figures, Goal, Measure, Way
from bench.measures.calls import CALLS
from bench.measures.payments import PAYMENTS
from bench.measures.processes import PROCESSES
from bench.report import Bar, Cell, Table, alternate, median, ratio
from bench.sides import Side, present
from bench.stage import Bench

SAYS = "The goals: CPU, log, disk and memory of each thing that is done; with --against beside an earlier release."
MEASURES: Final[Mapping[str, Measure]] = {each.name: each for each in (*PAYMENTS, *CALLS, *PROCESSES)}


def run(bench: Bench) -> Iterator[Table]:
    """Each measure on its own, one table each."""
    sides = [*bench.against, present()]
    for name in bench.measures or MEASURES:
        yield compared(bench, MEASURES[name], sides)


def compared(bench: Bench, measure: Measure, sides: Sequence[Side]) -> Table:
    """The medians of rounds in which the sides alternate, and the median of the ratios of each round."""
    found: dict[str, list[Figures]] = {}
    with ExitStack() as stack:
        ways = {}
        for side in sides:
            bench.say(f"{measure.name}, {side.name}: being prepared")
            ways[side.name] = stack.enter_context(measure.opened(bench, side))
        if measure.is_warmed:
            for way in ways.values():
                way()
        bench.say(f"{measure.name}: {' and '.join(ways)} in turn")
        found = alternate(measure.rounds or bench.rounds, {name: partial(_once, way) for name, way in ways.items()})
    return _table(measure, found)


def _once(way: Way) -> Figures:
    return dict(way())


def _table(measure: Measure, found: Mapping[str, Sequence[Figures]]) -> Table:
    names = list(found)
    newest = names[-1]
    rows: list[Sequence[Cell]] = []
    bars = []
    for figure in found[newest][0]:
        series = {name: [each[figure] for each in rounds] for name, rounds in found.items()}
        shares = [_ratio(series[newest], series[name]) for name in names[:-1]]
        rows.append([figure, *(median(series[name]) for name in names), *shares])
        goal = measure.goals.get(figure, Goal())
        known = [(name, share) for name, share in zip(names[:-1], shares, strict=True) if share is not None]
        if goal.share and known:
            bars += [Bar(f"{figure}, to {name}", share, goal.share, goal.sense) for name, share in known]
        elif goal.limit:
            bars.append(Bar(figure, median(series[newest]), goal.limit, goal.sense))
    return Table(f"{measure.name}: {measure.says}", ("", *names, *(f"to {name}" for name in names[:-1])), rows, bars)


def _ratio(these: Sequence[float], to_those: Sequence[float]) -> float | None:
    return ratio(these, to_those) if all(to_those) else None
