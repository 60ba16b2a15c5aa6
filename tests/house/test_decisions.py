"""Every decision can be found, and says when it was made and whether it still counts."""

import re
from pathlib import PurePath

import pytest

from tests.house.test_house import _files

_FOLDER = "docs/decisions/"
_PAGES = sorted(name for name in _files() if name.startswith(_FOLDER))
_HEAD = re.compile(
    r"# (?P<number>\d+)\. \S.*\n\nDate: \d{4}-\d\d-\d\d · Status: "
    r"(?:accepted|superseded by \[\d+\]\((?P<by>[\w-]+\.md)\))(?:; .+)?\n\n"
)


@pytest.mark.parametrize("page", _PAGES)
def test_a_decision_has_its_number_date_and_status(page: str) -> None:
    """The head of the page names the number that the file has, a date, and a status; what supersedes it is there."""
    head = _HEAD.match(_files()[page])
    assert head, "begins with `# number. title`, then `Date: … · Status: accepted` or `superseded by [n](page)`"
    assert int(head["number"]) == int(PurePath(page).name[:4])
    assert head["by"] is None or _FOLDER + head["by"] in _PAGES


def test_no_two_decisions_have_one_number() -> None:
    """A number names one decision."""
    numbers = [PurePath(page).name[:4] for page in _PAGES]
    assert len(numbers) == len(set(numbers))


def test_a_decision_that_is_cited_by_its_number_is_there() -> None:
    """`docs/decisions/0030` in code and pages, and `decision 30`, are the number of a page."""
    numbers = {int(PurePath(page).name[:4]) for page in _PAGES}
    cited = {
        (name, int(number))
        for name, text in _files().items()
        if name.endswith((".py", ".md", ".ts", ".tsx", ".toml"))
        for number in re.findall(r"(?:docs/decisions/|\[[Dd]ecision )0*(\d+)", text)
    }
    assert {each for each in cited if each[1] not in numbers} == set()
