"""A comparison runs both sides in turn, and its table says medians, ratios and which goals are missed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.goals import MEASURES, compared
from bench.measures import Figures, Goal, Measure, Way
from bench.report import Bar
from bench.sides import Side
from bench.stage import Bench, Plan

_OLD, _NEW = Side("old", Path(), "python"), Side("now", Path(), "python")


def test_sides_alternate_and_are_told_as_ratios(tmp_path: Path) -> None:
    """Each round has a ratio of its own, so that a machine that slows down harms neither; a figure of nothing has
    none."""
    order: list[str] = []

    @contextmanager
    def opened(_bench: Bench, side: Side) -> Iterator[Way]:
        costs = iter((10.0, 20.0, 90.0) if side is _OLD else (5.0, 8.0, 9.0))

        def once() -> Figures:
            order.append(side.name)
            return {"ms": next(costs), "bytes": 0.0 if side is _OLD else 1.0}

        yield once

    goals = {"ms": Goal(1, 0.3), "bytes": Goal(2, 0.5)}
    measure = Measure("call", "what it costs", opened, goals, rounds=3, is_warmed=False)
    table = compared(Bench(tmp_path, Plan(quick=True)), measure, [_OLD, _NEW])
    assert order == ["old", "now", "now", "old", "old", "now"]
    assert table.columns == ("", "old", "now", "to old")
    assert table.rows == [["ms", 20.0, 8.0, 0.4], ["bytes", 0.0, 1.0, None]]
    assert table.bars == [Bar("ms, to old", 0.4, 0.3, "at most"), Bar("bytes", 1.0, 2, "at most")]
    assert [bar.is_kept for bar in table.bars] == [False, True]


def test_each_goal_has_one_name() -> None:
    """Measures are chosen by name, so no two have the same, and each says what it measures."""
    assert all(name == measure.name and measure.says for name, measure in MEASURES.items())
