"""Long jobs tell how far they are, in a few lines where there is no terminal, and short ones tell nothing."""

import pytest

from pokea.cli.progress import advancing


def told(capsys: pytest.CaptureFixture[str], steps: list[int], total: int, least: int = 1) -> list[str]:
    """The lines on the error stream; nothing may go to standard output."""
    with advancing("rows", total, least=least) as advance:
        for step in steps:
            advance(step)
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_a_long_job_tells_at_most_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One for each tenth, the last when all is done."""
    lines = told(capsys, [1] * 5_000, 5_000)
    assert len(lines) == 10
    assert lines[-1] == "rows: 5000 of 5000"


def test_big_steps_tell_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """A step over several tenths is one line, and more than all is all."""
    assert told(capsys, [500, 700], 1_000) == ["rows: 500 of 1000", "rows: 1000 of 1000"]


def test_a_short_job_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It is over before anybody wonders; so is one with nothing to do."""
    assert told(capsys, [5], 5, least=10) == []
    assert told(capsys, [], 0) == []
