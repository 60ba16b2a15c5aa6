"""The clock: it moves the simulator only, and what is due has happened when it answers (law: simulator)."""

import time

import pytest

from tests.simulator.running import Daraja, seconds_between

_GOOD = "254708374149"


def test_the_clock_tells_the_time_and_how_far_it_was_moved(daraja: Daraja) -> None:
    """Moving it on by a minute and a half adds just that."""
    before = daraja.call("GET", "/sim/api/clock").json
    moved = daraja.call("POST", "/sim/api/clock", {"advanceSeconds": 90.5}).json
    assert before["advancedSeconds"] == 0
    assert moved["advancedSeconds"] == 90.5
    assert seconds_between(before["now"], moved["now"]) == pytest.approx(90.5, abs=1)


def test_advances_add_up(daraja: Daraja) -> None:
    """Two moves are the sum of both, and none is no move."""
    for seconds in (10, 0, 20):
        daraja.advance(seconds)
    assert daraja.call("GET", "/sim/api/clock").json["advancedSeconds"] == 30


def test_what_is_due_has_happened_before_the_clock_answers(daraja: Daraja) -> None:
    """The callback has been taken, the query knows, and the journal has its status, without any waiting."""
    checkout = daraja.pushed(_GOOD)
    daraja.advance(1)
    assert len(daraja.receiver.results(checkout)) == 1
    assert daraja.journal["callbacks"][0]["status"] == 200
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_things_happen_at_their_own_time_in_a_long_jump(daraja: Daraja) -> None:
    """In one jump of ten minutes each charge and each callback keeps the instant at which it was due."""
    daraja.subscriber("254722000002", behaviour="pay", delaySeconds=30)
    first = daraja.pushed(_GOOD)
    second = daraja.pushed("254722000002")
    third = daraja.pushed("254722000003")
    daraja.advance(600)
    charges = {charge["checkoutRequestId"]: charge["at"] for charge in daraja.journal["charges"]}
    assert seconds_between(charges[first], charges[second]) == pytest.approx(29, abs=0.5)
    assert [daraja.sent_after(checkout)[0] for checkout in (first, second, third)] == [1, 30, 60]


def test_the_real_clock_is_not_moved(daraja: Daraja) -> None:
    """An hour of the simulator takes no time at all."""
    began = time.monotonic()
    daraja.advance(3600)
    assert time.monotonic() - began < 2


def test_a_callback_on_its_way_is_waited_for(daraja: Daraja) -> None:
    """The clock answers after the merchant has, even for a callback that was due before."""
    daraja.receiver.before_answer = lambda: time.sleep(0.2)
    checkout = daraja.pushed()
    daraja.answer()
    daraja.advance(0)
    assert len(daraja.receiver.results(checkout)) == 1
    assert daraja.journal["callbacks"][0]["status"] == 200


def test_ids_and_receipts_follow_the_simulator_s_clock(daraja: Daraja) -> None:
    """After a jump of 40 days the next receipt is of that day."""
    daraja.pushed()
    daraja.answer()
    daraja.advance(40 * 86_400)
    daraja.new_token()
    daraja.pushed()
    daraja.answer()
    first, second = (charge["receipt"] for charge in daraja.journal["charges"])
    assert first[:3] != second[:3]
