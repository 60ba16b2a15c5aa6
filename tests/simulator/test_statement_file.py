"""The statement's file: workbook and text, a spreadsheet's forms, damage, and its bounds."""

import csv
import io
import re

import pytest

from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, Daraja
from tests.simulator.statements import asked, cells_of_workbook, chains, statement, take_payment, taken_apart


@pytest.mark.parametrize("layout", ["classic", "newer"])
def test_a_workbook_has_the_same_cells(daraja: Daraja, layout: str) -> None:
    """Money as numbers in the classic export, every cell text in the newer one; the rest as in the CSV."""
    take_payment(daraja, 1500)
    daraja.call("POST", "/sim/api/accounts/sweep", {})
    at = daraja.call("GET", "/sim/api/clock").json["now"]
    reply = asked(daraja, format="xlsx", layout=layout, report_date=at)
    assert "spreadsheetml.sheet" in reply.headers["content-type"]
    text = statement(daraja, layout=layout, report_date=at)
    rows = cells_of_workbook(reply.body)
    found = taken_apart(rows)
    assert found.columns == text.columns
    plain = [{name: cell.replace(",", "") for name, cell in row.items()} for row in text.rows]
    assert [{name: cell.replace(",", "") for name, cell in row.items()} for row in found.rows] == plain
    assert asked(daraja, format="xlsx", layout=layout, report_date=at).body == reply.body


def test_a_workbook_s_dates_may_be_numbers(daraja: Daraja) -> None:
    """`times=serial` is what Excel makes of a date that it knows: days since the end of 1899."""
    take_payment(daraja, 10)
    (row,) = taken_apart(cells_of_workbook(asked(daraja, format="xlsx", times="serial").body)).rows
    (same,) = statement(daraja, times="serial").rows
    assert 45_000 < float(row["Completion Time"]) < 80_000
    assert float(row["Completion Time"]) == float(same["Completion Time"])


@pytest.mark.parametrize(
    ("parameters", "column", "form"),
    [
        ({"times": "am_pm"}, "Completion Time", r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [AP]M"),
        ({"times": "slashes"}, "Completion Time", r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d"),
        ({"times": "iso"}, "Initiation Time", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
        ({"times": "no_seconds"}, "Completion Time", r"\d\d-\d\d-\d{4} \d\d:\d\d"),
        ({"amounts": "plain"}, "Paid In", r"1500\.00"),
        ({"amounts": "decimal_comma"}, "Balance", r"1500,00"),
        ({"amounts": "accounting"}, "Withdrawn", r" -   "),
    ],
)
def test_cells_can_look_as_a_spreadsheet_leaves_them(
    daraja: Daraja, parameters: dict[str, str], column: str, form: str
) -> None:
    """Times without seconds or with AM, amounts in other forms: what people send."""
    take_payment(daraja, 1500)
    assert re.fullmatch(form, statement(daraja, **parameters).rows[0][column])


@pytest.mark.parametrize(("delimiter", "sign"), [("semicolon", ";"), ("tab", "\t")])
@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("utf-8", "utf-8"), ("utf-8-bom", "utf-8-sig"), ("utf-16", "utf-16"), ("windows-1252", "cp1252")],
)
def test_delimiters_and_encodings(daraja: Daraja, delimiter: str, sign: str, encoding: str, codec: str) -> None:
    """The same cells, whatever stands between them and however the signs are stored."""
    daraja.subscriber(PHONE, name="ZOË NJERI")
    take_payment(daraja, 1500)
    body = asked(daraja, delimiter=delimiter, encoding=encoding).body
    sheet = taken_apart(list(csv.reader(io.StringIO(body.decode(codec), newline=""), delimiter=sign)))
    assert sheet.rows[0]["Other Party Info"].endswith("ZOË NJERI")
    assert sheet.rows[0]["Paid In"] == "1,500.00"


def test_damage_strikes_the_row_that_is_named(daraja: Daraja) -> None:
    """A row is gone, says a shilling more, is short, is cut, or swallows what follows; the newest by default."""
    first, last = take_payment(daraja, 1100), take_payment(daraja, 20)
    assert statement(daraja, damage="row_missing", receipt=first).column("Receipt No.") == [last]
    assert statement(daraja, damage="row_missing").column("Receipt No.") == [first]
    changed = statement(daraja, damage="amount_differs", receipt=first)
    assert changed.column("Paid In") == ["20.00", "1,101.00"]
    assert not chains(changed) or changed.labelled("Total Paid In:") == "1,120.00"
    short = asked(daraja, damage="short_row", receipt=first).body.decode().splitlines()
    assert short[-1].endswith('Completed,"1,100.00"')
    cut = asked(daraja, damage="cut", receipt=first).body.decode()
    assert cut.endswith('Completed,"1,10')
    swallowed = asked(daraja, damage="open_quote", receipt=last).body.decode()
    assert swallowed.count('"') % 2 == 1


def test_damage_strikes_the_whole_file(daraja: Daraja) -> None:
    """No preamble, no totals, every row as wide as the header, TRUE in capitals."""
    take_payment(daraja, 10)
    assert statement(daraja, damage="no_preamble").preamble == []
    assert "Opening Balance:" not in str(statement(daraja, damage="no_totals").preamble)
    assert {len(row) for row in statement(daraja, damage="padded").preamble} == {14}
    assert statement(daraja, damage="shouted").column("Balance Confirmed") == ["TRUE"]


def test_what_is_no_longer_kept_is_not_left_out_in_silence(start_daraja: StartDaraja) -> None:
    """A statement of a time whose first movements have given way would prove what is not true: it is refused."""
    daraja = start_daraja(most_records=2)
    for number, amount in enumerate((10, 20, 30)):
        take_payment(daraja, amount, f"25472200010{number}")
        daraja.advance(60)
    reply = asked(daraja)
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, "from")
    at = daraja.journal["charges"][-1]["at"]
    assert statement(daraja, from_=at).column("Paid In") == ["30.00"]
