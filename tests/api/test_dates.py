"""Days and instants in queries: read in one way, or refused with the field's name."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.api.dates import parse_instant
from pokea.clock import from_datetime
from pokea.errors import ApiError


def at(*parts: int) -> int:
    """An instant by its parts in UTC."""
    return from_datetime(datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]  # mypy does not spread integers


@pytest.mark.parametrize("text", ["2026-11-26", "20261126"])
def test_a_day_is_one_of_east_africa_and_its_end_is_the_next_ones_beginning(text: str) -> None:
    """A day means the same with dashes and without."""
    assert parse_instant("to", text, end_of_day=True) == at(2026, 11, 26, 21)
    assert parse_instant("from", text, end_of_day=False) == at(2026, 11, 25, 21)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26T09:00:00Z",
        "2026-11-26T09:00:00z",
        "2026-11-26t09:00Z",
        "2026-11-26T12:00",
        "2026-11-26 12:00:00",
        "2026-11-26T12:00:00+03:00",
        "2026-11-26T12:00:00 03:00",
        "2026-11-26T12:00:00+0300",
        "2026-11-26T09:00:00.000Z",
        "2026-11-26T09:00:00,000Z",
        "2026-11-26T05:00:00-04:00",
    ],
)
def test_an_instant_is_that_instant_at_either_end(text: str) -> None:
    """An instant has no end of a day; without a zone it is of East Africa, and a plus may have become a blank."""
    for end_of_day in (True, False):
        assert parse_instant("to", text, end_of_day=end_of_day) == at(2026, 11, 26, 9)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "yesterday",
            "2026",
            "2026-11",
            "2026-1126",
            "202611-26",
            "2026-W48-4",
            "2026W484",
            "2026-330",
            "26-11-26",
        ),
        *("2026-02-30", "20260230", "2026-11-26T25:00", "2026-11-26T", "20261126T090000Z", "26/11/2026", "1764147600"),
        *(
            "0001-01-01",
            "9999-12-31",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "00010101",
            "1899-12-30",
        ),
        *("٢٠٢٦-١١-٢٦", "2026-11-26\n", " 2026-11-26", "2026-11-26T09:00:00Z; drop", "2026-11-26T09:00:00+99:00"),
    ],
)
@pytest.mark.parametrize("end_of_day", [True, False])
def test_everything_else_is_refused_by_the_fields_name(text: str, end_of_day: bool) -> None:
    """What is neither, or is near an end of the calendar, is a refusal that names the field and shows what to send."""
    with pytest.raises(ApiError) as refused:
        parse_instant("to", text, end_of_day=end_of_day)
    assert [error.field for error in refused.value.errors] == ["to"]
    assert "2026-01-31" in refused.value.errors[0].message


@given(st.text(alphabet="0123456789-:TtZz+ .,W", max_size=40), st.booleans())
def test_no_text_raises_anything_else(text: str, end_of_day: bool) -> None:
    """Any text is an instant of years in which sums of days stay inside the calendar, or is refused."""
    try:
        found = parse_instant("from", text, end_of_day=end_of_day)
    except ApiError:
        return
    assert found is not None
    assert at(1899, 12, 30) < found < at(9001, 1, 3)
