"""What a command prints can be typed: `pokea` where the shell finds it, else its place, else its module."""

from pathlib import Path

import pytest

from pokea.cli.typed import as_typed, own_command

HERE = Path("/srv/pokea")


@pytest.mark.parametrize(
    ("started", "on_path", "typed"),
    [
        ("/usr/bin/pokea", "/usr/bin/pokea", "pokea"),
        ("/srv/pokea/.venv/bin/pokea", "/srv/pokea/.venv/bin/pokea", "pokea"),
        ("/srv/pokea/.venv/bin/pokea", None, ".venv/bin/pokea"),
        (".venv/bin/pokea", None, ".venv/bin/pokea"),
        (".venv/bin/pokea", "/usr/bin/pokea", ".venv/bin/pokea"),
        ("/opt/other/bin/pokea", None, "/opt/other/bin/pokea"),
        ("/srv/pokea/src/pokea/__main__.py", "/usr/bin/pokea", "python -m pokea"),
    ],
)
def test_the_program_that_runs_is_the_one_that_is_named(started: str, on_path: str | None, typed: str) -> None:
    """Another Pokea on the path is not taken for this one."""
    assert own_command(started, on_path, HERE) == typed


def test_a_sentence_names_the_command_as_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command in backticks is rewritten, and nothing else."""
    monkeypatch.setattr("sys.argv", ["/nowhere/pokea/__main__.py"])
    said = as_typed("Run `pokea migrate`, then `pokea serve`: Pokea's pokea.sqlite3 is old.")
    assert said == "Run `python -m pokea migrate`, then `python -m pokea serve`: Pokea's pokea.sqlite3 is old."
