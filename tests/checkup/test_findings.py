"""What doctor makes of clocks, schemas and shares, without any process."""

import pytest

from pokea.checkup.database_checks import Arrivals, check_arrivals, check_schema
from pokea.checkup.findings import Level, check_clock, worst
from pokea.clock import SECOND
from pokea.storage.migrate import CURRENT, SchemaVersion

DATE = "Wed, 29 Jan 2025 17:46:40 GMT"
AT = 1_738_172_800 * SECOND


@pytest.mark.parametrize(
    ("apart", "level"), [(0, Level.OK), (-4, Level.OK), (20, Level.WARN), (-61, Level.FAIL), (3600, Level.FAIL)]
)
def test_clocks_are_compared(apart: int, level: Level) -> None:
    """A few seconds are nothing, more is looked at, a minute fails: whichever clock is ahead."""
    assert check_clock(DATE, AT + apart * SECOND).level is level


@pytest.mark.parametrize("header", ["", "yesterday", "2025"])
def test_an_answer_without_a_date_proves_nothing_about_the_clock(header: str) -> None:
    """It is a warning, not a failure."""
    assert check_clock(header, AT).level is Level.WARN


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (Arrivals(0, 0, None), Level.OK),
        (Arrivals(3, 0, None), Level.OK),
        (Arrivals(100, 100, AT), Level.OK),
        (Arrivals(100, 90, AT), Level.WARN),
        (Arrivals(100, 10, AT), Level.FAIL),
    ],
)
def test_the_share_of_prompts_that_brought_a_callback_is_judged(found: Arrivals, level: Level) -> None:
    """A few prompts judge nothing; many without a callback fail."""
    assert check_arrivals(found).level is level


def test_a_schema_is_older_missing_or_fits() -> None:
    """A newer minor fits too."""
    assert check_schema(None).level is Level.WARN
    assert check_schema(SchemaVersion(1, 0)).level is Level.FAIL
    assert check_schema(CURRENT).level is Level.OK
    assert check_schema(SchemaVersion(CURRENT.major, CURRENT.minor + 5)).level is Level.OK


def test_the_worst_level_is_that_of_the_whole() -> None:
    """A failure outranks a warning, and a warning what is well."""
    well, wary = check_schema(CURRENT), check_schema(None)
    assert worst([well]) is Level.OK
    assert worst([well, wary]) is Level.WARN
    assert worst([wary, check_schema(SchemaVersion(1, 0)), well]) is Level.FAIL
