"""The pure parts of money out: tariffs, identifiers, forms of values, and which API a fault can meet."""

import random
import re
from typing import Any

import pytest

from pokea.clock import Instant
from pokea.daraja import wire
from pokea.daraja.account_balance import BALANCE_PATH
from pokea.daraja.b2c import B2C_PATH, B2C_V1_PATH
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.daraja.transaction_status import STATUS_PATH
from pokea.simulator import SimulatorOptions, results
from pokea.simulator.apis.fields import RequestFields, are_remarks, is_amount
from pokea.simulator.apis.result_items import (
    account_text,
    amount_item,
    digits_item,
    dotted_time,
    money,
    money_item,
)
from pokea.simulator.faults import OUT_KINDS, PATHS, PUSH_KINDS, PUSH_PATH, FaultKind, Faults, Misplaced
from pokea.simulator.identifiers import conversation_id, placeholder_receipt
from pokea.simulator.initiator import SimulatedInitiator, certificate
from pokea.simulator.journal import KeptEntries
from pokea.simulator.tariffs import payout_cost_cents
from pokea.simulator.texts import payout_message, payout_reason

NOON: Instant = 1_795_770_000_000_000
"""12:00 on 27 November 2026 in Nairobi."""
OPTIONS = SimulatorOptions()


@pytest.mark.parametrize(
    ("shillings", "registered", "withdrawal"),
    [
        (10, 0, 0),
        (49, 0, 0),
        (50, 0, 11),
        (100, 0, 11),
        (101, 5, 34),
        (1_500, 5, 34),
        (1_501, 9, 38),
        (3_500, 9, 61),
        (5_000, 9, 78),
        (7_500, 11, 98),
        (10_000, 11, 126),
        (20_000, 11, 126),
        (20_001, 13, 128),
        (250_000, 13, 128),
    ],
)
def test_a_payout_s_cost(shillings: int, registered: int, withdrawal: int) -> None:
    """By the table, at each of its edges (texts: B2C charges); nothing without a tariff."""
    assert payout_cost_cents(shillings, OPTIONS) == 0
    assert payout_cost_cents(shillings, SimulatorOptions(b2c_tariff="registered")) == 100 * registered
    assert payout_cost_cents(shillings, SimulatorOptions(b2c_tariff="withdrawal")) == 100 * withdrawal


def test_a_conversation_has_a_new_id() -> None:
    """The day of Nairobi, which begins three hours before UTC's, and twenty hexadecimal digits; never one twice."""
    late: Instant = 1_795_813_199_000_000
    assert re.fullmatch(r"AG_20261127_[0-9a-f]{20}", conversation_id(late, random.Random(1), ()))
    assert conversation_id(late + 1_000_000, random.Random(1), ()).startswith("AG_20261128_")
    taken = {conversation_id(NOON, random.Random(1), ())}
    assert conversation_id(NOON, random.Random(1), taken) not in taken


def test_a_placeholder_has_the_day_of_a_receipt() -> None:
    """And nothing after it (daraja: receipts)."""
    assert placeholder_receipt(NOON) == "UKR0000000"


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0.00"), (5, "0.05"), (123_456, "1234.56"), (-198_000, "-1980.00"), (-5, "-0.05")]
)
def test_money_has_two_decimals(cents: int, text: str) -> None:
    """Below zero too, as text and as a number."""
    assert money(cents) == text
    assert wire.encode(money_item("Funds", cents)) == f'{{"Key":"Funds","Value":{text}}}'.encode()
    assert account_text("Utility Account", cents) == f"Utility Account|KES|{text}|{text}|0.00|0.00"


def test_an_amount_is_whole_where_it_can_be() -> None:
    """A JSON number in both forms."""
    assert wire.encode(amount_item("Amount", 10_000)) == b'{"Key":"Amount","Value":100}'
    assert wire.encode(amount_item("Amount", 10_050)) == b'{"Key":"Amount","Value":100.50}'


def test_times_are_nairobi_s() -> None:
    """With dots, or as one number."""
    assert dotted_time(NOON) == "27.11.2026 12:00:00"
    assert wire.encode(digits_item("At", NOON)) == b'{"Key":"At","Value":20261127120000}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10", "10"),
        (10, "10"),
        (10.0, "10"),
        ("10.00", "10.00"),
        (254722000001, "254722000001"),
        (10.5, None),
        (1e300, "1" + "0" * 16),
        ("", None),
        (None, None),
        (True, None),
        ([], None),
        ({}, None),
    ],
)
def test_a_field_is_text_whatever_it_came_in(value: Any, text: str | None) -> None:
    """Numbers that are whole, and text; absent, empty and null are one."""
    found = RequestFields({"Field": value}, OPTIONS).text("Field")
    assert found == text or (value == 1e300 and found is not None and found.startswith(text or ""))
    assert RequestFields({}, OPTIONS).text("Field") is None


@pytest.mark.parametrize("value", [10, 10.0])
def test_a_strict_field_is_text_alone(value: Any) -> None:
    """With `--request-types strict`."""
    assert RequestFields({"Field": value}, SimulatorOptions(request_types="strict")).text("Field") is None


@pytest.mark.parametrize(
    ("text", "good"),
    [("1", True), ("10.00", True), ("250001", True), ("0", False), ("-1", False), ("1.5", False), ("", False)],
)
def test_an_amount_is_whole_shillings_above_nothing(text: str, good: bool) -> None:
    """M-PESA's own limits are looked at later."""
    assert is_amount(text, OPTIONS) is good
    assert is_amount(None, OPTIONS) is False


@pytest.mark.parametrize(("length", "good"), [(0, False), (1, False), (2, True), (100, True), (101, False)])
def test_remarks_have_a_length(length: int, good: bool) -> None:
    """2 to 100 characters."""
    assert are_remarks("x" * length, OPTIONS) is good


def test_faults_are_of_money_in_or_out() -> None:
    """Each kind is of one of the two, and those of pushes come first, in the order that universes draw from."""
    assert (*PUSH_KINDS, *OUT_KINDS) == tuple(FaultKind)
    assert len(OUT_KINDS) == 25
    assert PUSH_KINDS[-1] is FaultKind.QUERY_LIMIT


@pytest.mark.parametrize("kind", OUT_KINDS)
def test_a_fault_meets_only_what_it_is_about(kind: FaultKind) -> None:
    """Without a path it meets every API where it can act, and none where it cannot; a path elsewhere is refused."""
    where = {path for path in PATHS.values() if _met(kind, path)}
    assert where == _places(kind)
    for path in PATHS.values():
        if path in where:
            assert Faults().add(kind, path=path).path == path
        else:
            with pytest.raises(Misplaced, match="takes the path"):
                Faults().add(kind, path=path)


def _met(kind: FaultKind, path: str) -> bool:
    faults = Faults()
    rule = faults.add(kind)
    return faults.match({kind}, None, random.Random(1), path) is rule


def _places(kind: FaultKind) -> set[str]:
    b2c = {B2C_PATH, B2C_V1_PATH}
    if kind.startswith("status_"):
        return {STATUS_PATH}
    if kind.startswith("initiator_"):
        return b2c | {REVERSAL_PATH, STATUS_PATH, BALANCE_PATH}
    if kind in ("recipient_limit", "recipient_unknown", "duplicate_late"):
        return b2c
    return {"v3_forbidden": {B2C_PATH}, "reversed_elsewhere": {REVERSAL_PATH}}.get(kind, b2c | {REVERSAL_PATH})


def test_a_fault_of_pushes_stays_there() -> None:
    """One without a path of its own meets no API of money out."""
    assert _met(FaultKind.SUBSCRIBER_LOCKED, PUSH_PATH)
    assert not _met(FaultKind.SUBSCRIBER_LOCKED, B2C_PATH)


def test_a_payout_s_message() -> None:
    """M-PESA's words, to the space (texts: SMS to the payer)."""
    assert payout_message("UKR1234567", 40_000, "POKEA DEMO", NOON, 123_456) == (
        "UKR1234567 Confirmed. You have received Ksh400.00 from POKEA DEMO on 27/11/26 at 12:00 PM. "
        "New M-PESA balance is Ksh1,234.56. Buy goods with M-PESA."
    )


@pytest.mark.parametrize(
    ("purpose", "reason"),
    [
        ("Business Payment", "Business Payment to Customer via API"),
        ("Salary Payment", "Salary Payment via API"),
        ("Promotion Payment", "Promotion Payment via API"),
    ],
)
def test_a_payout_s_reason_type(purpose: str, reason: str) -> None:
    """As a data engineer's list has them (texts: wording)."""
    assert payout_reason(purpose) == reason


@pytest.mark.parametrize("name", [name for name in vars(results) if name.isupper() and not name.startswith("_")])
def test_every_code_has_words(name: str) -> None:
    """In both wordings, or a Result with it could not be written."""
    code = getattr(results, name)
    assert results.description(code, "callback", OPTIONS) != ""
    assert results.description(code, "callback", SimulatorOptions(wording="second")) != ""


@pytest.mark.parametrize("credential", ["", "%&", "cGxhaW4=", "A" * 344, "A" * 10_000, "ä"])
def test_what_opens_to_nothing_is_no_credential(credential: str) -> None:
    """Whatever it is: it raises nothing, strict or lenient."""
    for options in (OPTIONS, SimulatorOptions(credential="lenient")):
        assert SimulatedInitiator(options).is_right("testapi", credential) is False


def test_the_certificate_has_no_key_beside_it() -> None:
    """It begins and ends as one."""
    lines = certificate().strip().splitlines()
    assert (lines[0], lines[-1]) == ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
    assert "PRIVATE KEY" not in certificate()


def test_entries_are_found_by_their_key() -> None:
    """While they are kept: the oldest gives way, and of two with one key the newer is found."""
    kept = KeptEntries[tuple[str, int]](3, lambda entry: entry[0])
    for entry in (("a", 1), ("", 2), ("b", 3)):
        kept.append(entry)
    assert (kept.find("a"), kept.find("b"), kept.find("")) == (("a", 1), ("b", 3), None)
    kept.append(("b", 4))
    assert (kept.find("a"), kept.find("b")) == (None, ("b", 4))
    kept.append(("c", 5))
    kept.append(("d", 6))
    assert list(kept) == [("b", 4), ("c", 5), ("d", 6)]
    assert kept.find("b") == ("b", 4)
    kept.append(("e", 7))
    assert (kept.find("b"), kept[0]) == (None, ("c", 5))
