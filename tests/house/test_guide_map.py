"""Every line of the guide has its place in the code, and a test or a command that shows it."""

import re
from collections.abc import Iterator

import pytest

from pokea.cli.program import program
from tests.house.test_house import HOUSE, _expect_none, _files

_GUIDE = "docs/guide.md"
_MAP = "docs/guide-map.md"


def lines_of(guide: str) -> list[str]:
    """What needs a row: headings below the title, endpoints, messages and lines of the checklist."""
    found = re.findall(
        r"^(?:#{2,6} +(.+)|((?:GET|POST|PUT|PATCH|DELETE) /\S+)|- (\".+\")|- \[ \] (.+))$", guide, re.MULTILINE
    )
    return ["".join(each).strip() for each in found]


def rows_of(page: str) -> list[list[str]]:
    """The rows of the map, without its head: what the guide says, where it is done, what shows it."""
    rows = [line.strip("|").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if row[0].strip() not in {"The guide", "---"}]


def missing_rows(guide: str, page: str) -> Iterator[str]:
    """Lines of the guide without a row, and rows without a line."""
    lines, rows = lines_of(guide), [row[0] for row in rows_of(page)]
    yield from (f"no row for {line!r}" for line in lines if line not in rows)
    yield from (f"the guide has no line {row!r}" for row in rows if row not in lines)


def untrue_rows(page: str) -> Iterator[str]:
    """Names in a row's cells that no file, test or command has, and cells without any."""
    for row in rows_of(page):
        names = [re.findall(r"`([^`]+)`", cell) for cell in row[1:]]
        if len(names) != 2 or not all(names):
            yield f"{row[0]!r} does not say where it is done and what shows it"
        yield from (f"{row[0]!r} names {name}, which is not there" for cell in names for name in cell if not _is(name))


def _is(name: str) -> bool:
    made = re.fullmatch(r"make (\w+)", name)
    if made:
        return bool(re.search(rf"^{made[1]}:", _files()["Makefile"], re.MULTILINE))
    if name.startswith("pokea "):
        commands = {each.name or getattr(each.callback, "__name__", "") for each in program.registered_commands}
        return name.removeprefix("pokea ") in commands
    path, _, test = name.partition("::")
    return (HOUSE / path).is_file() and (not test or f"\ndef {test}(" in _files()[path])


def test_every_line_of_the_guide_has_a_row() -> None:
    """No heading, endpoint, message or line of the checklist is left out, and no row is of something else."""
    _expect_none(missing_rows(_files()[_GUIDE], _files()[_MAP]))


def test_every_row_names_what_is_there() -> None:
    """The files, tests and commands of the map exist, and each row has some of both."""
    _expect_none(untrue_rows(_files()[_MAP]))


@pytest.mark.parametrize("line", ["## News", '- "Paid."', "- [ ] Sleep", "POST /api/v1/payments/refund"])
def test_a_line_without_a_row_is_found(line: str) -> None:
    """What is added to the guide in any of its forms is missed in the map."""
    assert len(list(missing_rows(f"{_files()[_GUIDE]}\n{line}\n", _files()[_MAP]))) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("`src/pokea/nowhere.py`", "`make demo`"),
        ("`README.md`", "`make peace`"),
        ("`README.md`", "`pokea vanish`"),
        ("`README.md`", "`tests/house/test_house.py::test_nothing`"),
        ("`README.md`", "our word"),
    ],
)
def test_a_row_that_is_untrue_is_found(names: tuple[str, str]) -> None:
    """A file, a target, a command and a test that are not there are found, and a cell that names nothing."""
    assert len(list(untrue_rows(f"| Support | {names[0]} | {names[1]} |"))) == 1
