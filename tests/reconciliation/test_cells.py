"""Amounts, times and receipts of a statement's cells: read in one way, or not at all."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pokea.clock import EAST_AFRICA_TIME, SECOND, from_datetime, to_datetime
from pokea.reconciliation.cells import DateCell, is_spreadsheets_date, read_cents, read_receipt, read_time
from tests.reconciliation.written import PAID_AT

cents = st.integers(0, 99_999_999_999)
moments = st.datetimes(datetime.fromisoformat("2007-01-01"), datetime.fromisoformat("2099-12-31")).map(
    lambda moment: moment.replace(microsecond=0)
)
forms = st.sampled_from(["%d-%m-%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S", "%d/%m/%y %H:%M:%S"])
EXCEL_BEGINS = datetime.fromisoformat("1899-12-30")
anything = st.text(max_size=30) | st.text("0123456789.,-+()KESksh \u2212\u00a0", max_size=16)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.56", 123_456),
        ("1234.56", 123_456),
        ("1,234,567.00", 123_456_700),
        ("500", 50_000),
        ("-22,779.95", -2_277_995),
        ("\u221222,779.95", -2_277_995),
        ("(500.00)", -50_000),
        ("Ksh 5", 500),
        ("KES5.50", 550),
        ("KShs. 1,500.00", 150_000),
        ("500.00 KES", 50_000),
        ("-KES 500.00", -50_000),
        ("KES -500.00", -50_000),
        ("\u00a0 1,500.00\u202f", 150_000),
        ("\u2068500.00\u2069", 50_000),
    ],
)
def test_an_amount_is_read_with_and_without_separators_sign_and_currency(text: str, expected: int) -> None:
    """What does not change the amount falls away."""
    assert read_cents(text) == expected


@pytest.mark.parametrize(
    "text", ["", "  ", "-", " -   ", "\u2212", "\u2013", "0", "0.00", "(0.00)", "-0.00", "KES 0.00"]
)
def test_a_side_that_is_not_used_is_nothing(text: str) -> None:
    """However spreadsheets write it."""
    assert read_cents(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        *("500,00", "1.500,00", "1,50", "1,5000.00", "12,34,567.00", ",500.00", "1,", "1,234,56"),
        *("500.0", "500.005", "5.", ".50", "1 500.00", "1'500.00", "05", "1e3", "0x10", "nan", "inf", "five"),
        *(
            "--5",
            "+-5",
            "5-",
            "((5))",
            "()",
            "(-)",
            "USD 5",
            "KES KES",
            "5 5",
            "\u0661\u0662",
            "\uff15\uff10\uff10",
            "\u00b2",
        ),
        *("1" * 13, "1,234.56.78", "=500", "500%"),
    ],
)
def test_an_amount_that_can_be_read_in_two_ways_or_in_none_is_none(text: str) -> None:
    """A comma separates thousands and nothing else; digits are ASCII; cents are two."""
    assert read_cents(text) is None


@given(cents, st.booleans(), st.sampled_from(["", "-"]), st.sampled_from(["", "KES ", "Ksh"]))
def test_every_amount_that_is_written_is_read_back(amount: int, separated: bool, sign: str, currency: str) -> None:
    """Every whole number of cents, in each of its forms."""
    number = f"{amount // 100:,}" if separated else str(amount // 100)
    expected = -amount if sign else amount
    assert read_cents(f"{sign}{currency}{number}.{amount % 100:02}") == expected
    assert read_cents(f"{currency}{sign}{number}.{amount % 100:02}") == expected


@given(anything)
@example("1,234.56")
def test_whatever_is_read_is_what_its_digits_say(text: str) -> None:
    """Without what is allowed beside it, an amount is a decimal number of that value; nothing raises."""
    found = read_cents(text)
    if found:
        plain = "".join(character for character in text if character in "0123456789.")
        assert Decimal(plain if any(c.isdigit() for c in plain) else "0") * 100 == abs(found)


@given(cents.filter(lambda amount: amount >= 100_000))
def test_an_amount_that_was_cut_or_has_a_decimal_comma_is_none(amount: int) -> None:
    """Neither is taken for another amount."""
    written = f"{amount // 100:,}.{amount % 100:02}"
    swapped = written.translate(str.maketrans(",.", ".,"))
    assert read_cents(swapped) is None
    cut = written[: written.rindex(",") + 3]
    assert read_cents(cut) is None


@pytest.mark.parametrize(
    "text",
    [
        *("05-11-2025 12:00:05", "05/11/2025 12:00:05", "05.11.2025 12:00:05", "5/11/2025 12:00:05"),
        *("2025-11-05 12:00:05", "2025/11/05 12:00:05", "2025-11-05T12:00:05"),
        *("05/11/2025 12:00:05 PM", "05/11/2025 12:00:05 pm", "05/11/2025 12:00:05PM", "05/11/2025 12:00:05 p.m."),
        *("05/11/2025 12:00:05\u202fPM", "5/11/25 12:00:05", "05-11-25 12:00:05 PM", "05/11/2025, 12:00:05"),
        *("05-Nov-2025 12:00:05", "5 November 2025 12:00:05", "05-NOV-25 12:00:05 PM"),
        *("  05-11-2025   12:00:05 ", "45966.500057870"),
    ],
)
def test_a_time_is_nairobis_in_each_form(text: str) -> None:
    """Day before month, whatever stands between them, in both clocks."""
    assert read_time(text) == (PAID_AT, 0)


def test_midnight_and_noon_are_told_apart() -> None:
    """12 AM begins the day and 12 PM halves it."""
    assert read_time("05-11-2025 12:00:05 AM") == (PAID_AT - 12 * 3600 * SECOND, 0)
    assert read_time("05-11-2025 11:59:59 PM") == (PAID_AT + (12 * 3600 - 6) * SECOND, 0)


def test_a_time_without_seconds_may_have_been_later() -> None:
    """It is known to the minute, and says so."""
    assert read_time("05-11-2025 12:00") == (PAID_AT - 5 * SECOND, 59 * SECOND)
    assert read_time("5/11/2025 12:00 PM") == (PAID_AT - 5 * SECOND, 59 * SECOND)


@pytest.mark.parametrize(
    "text",
    [
        *("", "9/9", "15:50", "05-11-2025", "yesterday", "05-11-2025 25:00:00", "05-11-2025 12:60:00"),
        *("31-02-2025 12:00:00", "11/13/2025 12:00:00", "25/11/05 12:00:00", "05-11/2025 12:00:00"),
        *("05-11-2025 13:00:00 PM", "05-11-2025 0:10:00 AM", "05-11-2025 12:00:05 XM", "05-11-1999 12:00:00"),
        *("\u0660\u0665-11-2025 12:00:05", "05-11-2025 12:00:05 +0300", "05-Foo-2025 12:00:05", "99999", "1.5"),
        *("0000-00-00 00:00:00", "05-11-20255 12:00:05", "05-11-202 12:00:05"),
    ],
)
def test_what_is_no_time_or_two_is_none(text: str) -> None:
    """A month before the day, a time that lacks its date, an hour that is in no half of the day."""
    assert read_time(text) is None


@given(
    moments, st.sampled_from(["%d-%m-%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S", "%d/%m/%y %H:%M:%S"])
)
def test_every_time_that_is_written_is_read_back(moment: datetime, form: str) -> None:
    """To the second, and never with day and month swapped."""
    assert read_time(moment.strftime(form)) == (from_datetime(moment.replace(tzinfo=EAST_AFRICA_TIME)), 0)


@given(anything | st.text("0123456789-/: APMapm.", max_size=24))
def test_any_text_is_a_time_or_none(text: str) -> None:
    """Nothing raises, and no time is before M-PESA."""
    found = read_time(text)
    assert found is None or to_datetime(found.at) > datetime(2006, 12, 31, tzinfo=UTC)


@given(moments)
def test_a_spreadsheets_date_is_read_to_the_second(moment: datetime) -> None:
    """As a date cell and as the number behind one, and is known to be the spreadsheet's."""
    at = from_datetime(moment.replace(tzinfo=EAST_AFRICA_TIME))
    cell = DateCell(f"{moment:%Y-%m-%d %H:%M:%S}")
    serial = f"{(moment - datetime.fromisoformat('1899-12-30')) / timedelta(days=1):.9f}"
    assert read_time(cell) == read_time(serial) == (at, 0)
    assert is_spreadsheets_date(cell)
    assert is_spreadsheets_date(serial)
    assert not is_spreadsheets_date(f"{moment:%d-%m-%Y %H:%M:%S}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TK5AA00001", "TK5AA00001"),
        (" tk5aa00001 ", "TK5AA00001"),
        ("TK5AA0001", "TK5AA0001"),
        ("TK5 AA00001", None),
        ("TK5AA00001X23", None),
        ("TK5AAß0001", None),
        ("TK5AA0000\u0661", None),
        ("", None),
    ],
)
def test_a_receipt_is_eight_to_twelve_letters_and_digits(text: str, expected: str | None) -> None:
    """In capitals; a letter that becomes two in capitals is none."""
    assert read_receipt(text) == expected
