"""The parameters of `GET /sim/api/statement`: what they mean, and how a wrong one is refused."""

import re
from datetime import datetime

import pytest

from pokea.clock import EAST_AFRICA_TIME
from pokea.simulator.statement_request import PARAMETERS
from tests.simulator.running import Daraja
from tests.simulator.statements import asked, statement, take_payment
from tests.simulator.test_docs import PAGE


def test_a_period_holds_both_of_its_ends(daraja: Daraja) -> None:
    """A day is from its first second to its last, a moment its whole second; what lies outside moves the balances."""
    receipts = []
    for _ in range(3):
        daraja.new_token()
        receipts.append(take_payment(daraja, 100))
        daraja.advance(86_400)
    second = daraja.journal["charges"][1]["at"]
    day = statement(daraja).rows[1]["Completion Time"][:10]
    iso_day = "-".join(reversed(day.split("-")))
    for parameters in (
        {"from_": iso_day, "to": iso_day},
        {"from_": second.split(".")[0] + "Z", "to": second},
        {"from_": second.replace("Z", "+00:00"), "to": second},
    ):
        found = statement(daraja, **parameters)
        assert found.column("Receipt No.") == [receipts[1]]
        assert (found.labelled("Opening Balance:"), found.labelled("Closing Balance:")) == ("100.00", "200.00")
    assert found.labelled("From") == found.labelled("To") == found.rows[0]["Completion Time"]


def test_a_report_shows_what_had_happened_when_it_was_made(daraja: Daraja) -> None:
    """An earlier `report_date` is printed, and what came later is left out, whatever the period says."""
    before = take_payment(daraja, 100)
    daraja.advance(600)
    at = daraja.call("GET", "/sim/api/clock").json["now"]
    daraja.advance(600)
    take_payment(daraja, 20)
    found = statement(daraja, report_date=at)
    assert found.column("Receipt No.") == [before]
    assert found.labelled("Closing Balance:") == "100.00"
    reported_at = datetime.fromisoformat(at).astimezone(EAST_AFRICA_TIME)
    assert found.labelled("Date of Report:") == f"{reported_at:%d-%m-%Y %H:%M:%S}"
    assert "Date of Report:" not in str(statement(daraja, report_date="none").preamble)


def test_a_foreign_short_code_can_be_printed(daraja: Daraja) -> None:
    """The rows are ours, the preamble says that they are another's."""
    take_payment(daraja, 10)
    assert statement(daraja, short_code="600001").labelled("Short Code:") == "600001"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"from_": "yesterday"}, "from"),
        ({"from_": "2026-02-30"}, "from"),
        ({"from_": "1999-01-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"to": "2026-13-01"}, "to"),
        ({"from_": "2026-11-06", "to": "2026-11-05"}, "to"),
        ({"report_date": "2099-01-01"}, "report_date"),
        ({"report_date": "never"}, "report_date"),
        ({"format": "xls"}, "format"),
        ({"format": ""}, "format"),
        ({"layout": "old"}, "layout"),
        ({"account": "bank"}, "account"),
        ({"account": "working", "layout": "newer"}, "account"),
        ({"short_code": "12"}, "short_code"),
        ({"short_code": "60000x"}, "short_code"),
        ({"wording": "odd"}, "wording"),
        ({"payer": "+254"}, "payer"),
        ({"linked": "yes"}, "linked"),
        ({"times": "unix"}, "times"),
        ({"amounts": "cents"}, "amounts"),
        ({"delimiter": ";"}, "delimiter"),
        ({"encoding": "latin-1"}, "encoding"),
        ({"damage": "fire"}, "damage"),
        ({"damage": "cut", "format": "xlsx"}, "damage"),
        ({"damage": "cut"}, "receipt"),
        ({"damage": "row_missing", "receipt": "TK5AA00001"}, "receipt"),
        ({"receipt": "not a receipt".replace(" ", "%20")}, "receipt"),
        ({"till": "true"}, "till"),
    ],
)
def test_a_wrong_parameter_is_named(daraja: Daraja, parameters: dict[str, str], field: str) -> None:
    """400 with the parameter and what it may be, as everywhere in `/sim/api`."""
    reply = asked(daraja, **parameters)
    assert reply.status == 400, reply.body
    (error,) = reply.json["errors"]
    assert error["field"] == field
    assert error["message"] == reply.json["message"]
    assert error["message"].startswith(f"{field}: ")


def test_a_parameter_is_given_once(daraja: Daraja) -> None:
    """Of two the one that was meant cannot be known."""
    reply = daraja.call("GET", "/sim/api/statement?format=csv&format=xlsx")
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, "format")


def test_the_page_of_the_docs_names_every_parameter() -> None:
    """With each of its choices."""
    described = [line for line in PAGE.splitlines() if line.startswith("| `")]
    rows = {name: line for line in described for name in re.findall(r"`([a-z_]+)`", line.split("|")[1])}
    for name, choices in PARAMETERS.items():
        assert name in rows, name
        assert all(f"`{choice}`" in rows[name] for choice in choices), rows[name]
