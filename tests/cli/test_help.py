"""`--help` of every command on a terminal of 80 columns: each name whole, each sentence broken where the line ends."""

import pytest
import typer
from typer.testing import CliRunner

from pokea.cli.program import flowing, program

COMMANDS = typer.main.get_command(program).commands  # type: ignore[attr-defined]  # a group has them
NARROW = {"COLUMNS": "80"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_can_be_typed_as_its_help_writes_it(name: str) -> None:
    """No name is cut, however many options a command has and however long they are."""
    shown = CliRunner().invoke(program, [name, "--help"], env=NARROW).output.split()
    wanted = {option for each in COMMANDS[name].params for option in each.opts if option.startswith("--")}
    assert wanted - set(shown) == set()


def test_a_paragraph_is_one_line() -> None:
    """What a docstring breaks is put together again, and paragraphs stay apart."""
    assert flowing("Do.\n\n    It takes\n    long.\n    ") == "Do.\n\nIt takes long."
