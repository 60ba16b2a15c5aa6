"""Each captured or documented body of money out, posted to the address of an attempt that it may be about, proves what
was agreed for it and no more (law: proof of money out)."""

import json
from typing import Any

import pytest

from pokea.daraja.result_reading import read_result
from pokea.disbursements.decision import AttemptDecision, decide_attempt
from pokea.disbursements.evidence import OutDelivery, Purpose, accepted, delivered, send_began
from pokea.disbursements.model import AttemptStatus, AttemptTerms, Way
from pokea.disbursements.rules import MONEY_OUT
from tests.daraja.test_payloads import FIXTURES, PAYLOADS
from tests.disbursements.bodies import at

VERDICTS: dict[str, dict[str, str]] = json.loads((FIXTURES / "out_payload_verdicts.json").read_bytes())
PURPOSES = {"result": Purpose.RESULT, "timeout": Purpose.TIMEOUT, "status": Purpose.STATUS}
ABOUT_ATTEMPTS = [name for name, each in VERDICTS.items() if each["at"] in PURPOSES]
STATUS_OF = {"completed": AttemptStatus.COMPLETED, "failed": AttemptStatus.FAILED}


def decided(name: str, changes: dict[str, Any] | None = None) -> AttemptDecision:
    """What follows from the body for an attempt that was accepted, whose terms are the body's but for `changes`."""
    body, reading = PAYLOADS[name], read_result(PAYLOADS[name])
    is_status = VERDICTS[name]["at"] == "status"
    terms = AttemptTerms(
        "at_1",
        Way.REVERSAL if name.startswith("reversal_") else Way.B2C,
        reading.amount_cents or 50_000,
        reading.receiver_msisdn or "254708374149",
        reading.original_transaction_id or "SKR4ABCDEF",
        reading.asked_originator_id if is_status else reading.originator_conversation_id,
    )._replace(**changes or {})
    delivery = OutDelivery("0" * 48, body, at(10))
    item = delivered("at_1", delivery, PURPOSES[VERDICTS[name]["at"]], int(is_status))
    known = accepted("at_1", "AG_ours", None, at(1))
    return decide_attempt(terms, MONEY_OUT, [send_began("at_1", "d" * 64, at(0)), known, item])


@pytest.mark.parametrize("name", ABOUT_ATTEMPTS)
def test_body_decides_what_was_agreed(name: str) -> None:
    """Completed and failed are proved by the bodies of the file alone; all others leave the attempt open."""
    decision = decided(name)
    assert decision.status == STATUS_OF.get(VERDICTS[name]["verdict"], AttemptStatus.ACCEPTED)
    assert (decision.receipt is not None) == (decision.status is AttemptStatus.COMPLETED)


@pytest.mark.parametrize("name", ABOUT_ATTEMPTS)
def test_body_about_another_attempt_decides_nothing(name: str) -> None:
    """With another attempt's ids no body ends this one."""
    assert decided(name, {"originator_id": "not-this-one"}).status is AttemptStatus.ACCEPTED


@pytest.mark.parametrize("name", [name for name in ABOUT_ATTEMPTS if VERDICTS[name]["verdict"] == "completed"])
def test_success_with_another_amount_completes_nothing(name: str) -> None:
    """A shilling more or less than what was sent is a flag, and makes us ask."""
    decision = decided(name, {"amount_cents": 12_300})
    assert decision.status is AttemptStatus.ACCEPTED
    assert decision.flags


@pytest.mark.parametrize("name", [name for name in ABOUT_ATTEMPTS if VERDICTS[name]["verdict"] == "open"])
def test_open_body_is_flagged_or_asked_about(name: str) -> None:
    """What proves nothing is never passed over: it makes us ask."""
    assert decided(name).doubted_at == at(10)
