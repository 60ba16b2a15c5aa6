"""What each answer to doctor's questions about money out comes to, and what it says to do."""

import json
from typing import Any

import pytest

from pokea.checkup.findings import Finding, Level
from pokea.checkup.out_checks import (
    IMPOSSIBLE_RECEIPT,
    balance_finding,
    no_answer,
    not_asked,
    receipt_finding,
    v3_finding,
)
from pokea.daraja.codes.out_codes import INITIATOR_CODES, OUT_CODES
from pokea.daraja.out_outcomes import REFUSALS, NotAsked
from pokea.daraja.result_reading import ResultReading, read_result
from tests.daraja.test_payloads import PAYLOADS


def answered(code: Any, balance: str = "", **fields: Any) -> ResultReading:
    """A Result with this code and, if one is given, this text of balances."""
    items = [{"Key": "AccountBalance", "Value": balance}] if balance else []
    result = {"ResultType": 0, "ResultCode": code, "ResultParameters": {"ResultParameter": items}, **fields}
    return read_result(json.dumps({"Result": result}).encode())


def about(*findings: Finding) -> list[Level]:
    """How well it is; each finding is a sentence that ends."""
    assert all(finding.says.endswith(".") for finding in findings), findings
    return [finding.level for finding in findings]


def test_receipt_that_does_not_exist_is_the_proof() -> None:
    """2032 shows that all that a payout needs is in place, and nothing else does."""
    found = receipt_finding("operator", answered(2032, ResultDesc="The transaction receipt number does not exist."))
    assert about(found) == [Level.OK]
    assert "operator, certificate, product and address work" in found.says
    assert about(receipt_finding("operator", answered(0))) == [Level.WARN]


def test_the_receipt_asked_about_cannot_exist() -> None:
    """No month is called Z, and no day either (daraja: receipts)."""
    assert len(IMPOSSIBLE_RECEIPT) == 10
    assert IMPOSSIBLE_RECEIPT[1] > "L"
    assert IMPOSSIBLE_RECEIPT[2] > "V"


@pytest.mark.parametrize("code", sorted(INITIATOR_CODES))
@pytest.mark.parametrize(
    "finding", [lambda reading: balance_finding("b", reading, 0), lambda r: receipt_finding("r", r)]
)
def test_refused_operator_fails_with_what_to_do(code: str, finding: Any) -> None:
    """A refusal of our operator is a failure, and says what to look at on the portal or in the settings."""
    found = finding(answered(int(code) if code.isdigit() else code))
    assert about(found) == [Level.FAIL]
    assert OUT_CODES[code].operator in found.says


@pytest.mark.parametrize("code", ["17", "26", "100000000", "25", "4711"])
def test_other_codes_are_looked_at(code: str) -> None:
    """M-PESA's own trouble and unknown codes show nothing, and say so."""
    found = receipt_finding("operator", answered(code))
    assert about(found) == [Level.WARN]
    assert code in found.says


def test_shortcode_of_another_operator_fails() -> None:
    """As captured: the receiver party is invalid, so the shortcode is not this operator's."""
    found = receipt_finding("operator", read_result(PAYLOADS["txstatus_SFC_IC0003_mpesakit102.json"]))
    assert about(found) == [Level.FAIL]
    assert "MPESA_B2C_SHORTCODE" in found.says


@pytest.mark.parametrize(
    ("balance", "float_cents", "level", "words"),
    [
        ("Utility Account|KES|228037.00|228037.00|0.00|0.00", 0, Level.OK, "KES 228,037."),
        ("Utility Account|KES|5.50|5.50|0.00|0.00", 0, Level.OK, "KES 5.5."),
        ("Utility Account|KES|0.00|0.00|0.00|0.00", 0, Level.WARN, "nothing can be paid out"),
        ("Utility Account|KES|100.00|100.00|0.00|0.00", 20_000, Level.WARN, "POKEA_OUT_FLOAT"),
        ("Working Account|KES|100.00|100.00|0.00|0.00", 0, Level.WARN, "without naming the utility account"),
        ("", 0, Level.WARN, "without naming the utility account"),
    ],
)
def test_balance_says_what_can_be_paid(balance: str, float_cents: int, level: Level, words: str) -> None:
    """What can be spent, and whether it is enough."""
    found = balance_finding("balance", answered(0, balance), float_cents)
    assert about(found) == [level]
    assert words in found.says


def test_question_that_comes_back_took_too_long() -> None:
    """A timeout notice says nothing about the operator."""
    found = receipt_finding("operator", read_result(PAYLOADS["b2c_queuetimeout_echo_121platform.json"]))
    assert about(found) == [Level.WARN]
    assert "took too long" in found.says


@pytest.mark.parametrize("reason", REFUSALS)
def test_question_that_daraja_refused_says_why(reason: str) -> None:
    """Each reason has its own sentence, and only a limit is no failure."""
    found = not_asked("operator", NotAsked("Bad Request - Invalid PartyA", reason == "limited", reason))
    assert about(found) == [Level.WARN if reason == "limited" else Level.FAIL]
    assert "Bad Request - Invalid PartyA" in found.says


def test_question_that_was_perhaps_not_taken_is_asked_again() -> None:
    """Neither a page of the firewall nor silence shows anything."""
    assert about(not_asked("operator", NotAsked("Daraja answered 503 with text/html content"))) == [Level.WARN]


def test_silence_names_its_two_causes() -> None:
    """Where no answer comes, either nothing reaches the service, or the password is wrong."""
    found = no_answer("operator", 90)
    assert about(found) == [Level.FAIL]
    assert "in 90 s" in found.says
    assert "MPESA_INITIATOR_PASSWORD" in found.says
    assert "does it run" in found.says


def test_refused_v3_says_what_to_ask_safaricom_for() -> None:
    """Without v3 money out stays off, and the line says what to ask for (law: sending, 2)."""
    assert about(v3_finding("B2C v3", None)) == [Level.OK]
    found = v3_finding("B2C v3", 1_767_225_600_000_000)
    assert about(found) == [Level.FAIL]
    assert "2026-01-01" in found.says
    assert "enable B2C v3" in found.says
