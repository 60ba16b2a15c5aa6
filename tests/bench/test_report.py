"""What a benchmark prints: figures as people read them, bars, and ratios of alternating rounds."""

from pathlib import Path

import pytest

from bench.__main__ import benchmarks, write_page
from bench.report import Bar, Table, alternate, as_markdown, as_text, median, ratio, shown


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "-"),
        ("sqlite", "sqlite"),
        (0, "0"),
        (12_345, "12,345"),
        (12_345.6, "12,346"),
        (99.94, "99.9"),
        (1.234, "1.23"),
        (0.01234, "0.012"),
    ],
)
def test_a_figure_is_shown_with_the_digits_that_count(cell: str | float | None, text: str) -> None:
    """Thousands stand apart, and small figures keep three digits at most."""
    assert shown(cell) == text


def test_a_bar_says_whether_it_is_kept() -> None:
    """A figure on the wrong side of its limit is missed, on the limit it is kept."""
    assert Bar("rate", 2.0, 2.0).is_kept
    assert not Bar("rate", 1.9, 2.0).is_kept
    assert Bar("wait", 2.0, 2.0, "at most").is_kept
    assert str(Bar("wait", 3.0, 2.0, "at most", "ms")) == "wait: 3.00 ms (at most 2.00 ms: MISSED)"


def test_a_table_is_the_same_on_a_terminal_and_on_a_page() -> None:
    """Both forms hold the head, every figure, the bars and the notes."""
    table = Table(
        "Title", ("Name", "ms"), [("one", 1.5), ("two", None)], [Bar("wait", 1.5, 2.0, "at most")], ["A note."]
    )
    for text in (as_text(table), as_markdown(table)):
        for part in ("Title", "Name", "ms", "one", "1.50", "two", "wait: 1.50 (at most 2.00: kept)", "A note."):
            assert part in text


def test_rounds_go_forwards_and_backwards() -> None:
    """Each way runs once a round, in turn first and last, so that a drift of the machine harms all alike."""
    order: list[str] = []
    found = alternate(3, {name: lambda name=name: order.append(name) or len(order) for name in ("a", "b")})  # type: ignore[misc,func-returns-value]  # a list notes
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": [1, 4, 5], "b": [2, 3, 6]}


def test_a_ratio_is_the_median_of_those_of_the_rounds() -> None:
    """One bad round changes neither the middle nor the ratio."""
    assert median([1, 100, 2]) == 2
    assert ratio([10, 1, 12], [5, 100, 6]) == 2


def test_every_benchmark_says_what_it_measures() -> None:
    """Each module that can be run is listed with one sentence."""
    found = dict(benchmarks())
    assert {"statuses", "streams", "pushes", "usual", "rest", "units"} <= set(found)
    for name, module in found.items():
        assert module.SAYS.endswith("."), name


def test_figures_are_written_between_their_marks(tmp_path: Path) -> None:
    """What stood between the marks goes, everything else stays, and what has no marks is left out."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench:one -->\nold\n<!-- /bench:one -->\nafter\n")
    table = Table("New", ("Name",), [("x",)])
    write_page({"one": [table], "two": [table]}, page)
    write_page({"one": [table]}, page)
    text = page.read_text()
    assert text.startswith("before\n<!-- bench:one -->")
    assert text.endswith("<!-- /bench:one -->\nafter\n")
    assert "old" not in text
    assert text.count("**New**") == 1


def test_the_page_has_a_place_for_every_benchmark() -> None:
    """No benchmark's figures are missing from docs/performance.md."""
    text = (Path(__file__).parent.parent.parent / "docs" / "performance.md").read_text()
    missing = [name for name, _ in benchmarks() if f"<!-- bench:{name} -->" not in text]
    assert missing == []
