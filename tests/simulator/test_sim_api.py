"""`/sim/api`: what it takes, what it refuses and how it says so (law: simulator)."""

from typing import Any

import pytest

from pokea.simulator.faults import FaultKind
from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import b2c, funded, result_of, reverse
from tests.simulator.running import PHONE, Daraja

_KINDS = [
    "callback_lost",
    "callback_late",
    "callback_twice",
    "callback_early",
    "callback_amount",
    "callback_receipt",
    "callback_then_success",
    "push_timeout_before",
    "push_timeout_after",
    "push_500_before",
    "push_500_after",
    "http_html",
    "spike_arrest",
    "connection_dropped",
    "slow",
    "token_expired",
    "token_superseded",
    "subscriber_locked",
    "query_false_failure",
    "query_random_error",
    "query_pending",
    "query_unknown",
    "query_limit",
]
_OUT_KINDS = [
    "result_lost",
    "result_late",
    "result_twice",
    "result_early",
    "result_amount",
    "result_recipient",
    "timeout_notice",
    "timeout_then_success",
    "out_500_before",
    "out_500_after",
    "out_text_after",
    "out_dropped_before",
    "out_dropped_after",
    "duplicate_late",
    "waiting_to_resend",
    "status_unknown",
    "status_lost",
    "status_slow",
    "initiator_locked",
    "initiator_silent",
    "v3_forbidden",
    "no_funds",
    "recipient_limit",
    "recipient_unknown",
    "reversed_elsewhere",
]
"""As the law lists them (law: simulator of money out)."""


def _refused_field(daraja: Daraja, path: str, body: Any) -> str:
    answer = daraja.call("POST", path, body)
    assert answer.status == 400, answer.body
    document = answer.json
    assert document["success"] is False
    assert document["code"] == "invalid_request"
    (error,) = document["errors"]
    assert error["message"] == document["message"]
    field: str = error["field"]
    assert field in document["message"] or field == "msisdn"
    return field


def test_the_kinds_of_faults_are_the_design_s() -> None:
    """Not one more, not one less, and in no other spelling."""
    assert list(FaultKind) == [*_KINDS, *_OUT_KINDS]


@pytest.mark.parametrize("kind", [*_KINDS, *_OUT_KINDS])
def test_every_kind_can_be_switched_on_and_read(daraja: Daraja, kind: str) -> None:
    """A fault is answered with 201 as it stands, and listed."""
    made = daraja.fault(kind, probability=0.5, count=3, msisdn=PHONE, seconds=4)
    (listed,) = daraja.call("GET", "/sim/api/faults").json["faults"]
    assert listed == made
    assert (made["kind"], made["probability"], made["count"]) == (kind, 0.5, 3)
    assert (made["msisdn"], made["seconds"]) == (PHONE, 4)
    assert made["when"] == "before"


@pytest.mark.parametrize(
    ("kind", "path", "seconds"),
    [
        ("push_timeout_before", "push", 70),
        ("push_timeout_after", "push", 70),
        ("callback_late", None, 90),
        ("callback_then_success", None, 5),
        ("slow", "push", 5),
        ("http_html", "push", 0),
        ("token_expired", "push", 0),
        ("token_superseded", None, 0),
        ("query_limit", "query", 0),
        ("query_pending", "query", 0),
        ("result_late", None, 90),
        ("timeout_then_success", None, 5),
        ("waiting_to_resend", None, 5),
        ("status_unknown", None, 120),
        ("status_slow", None, 60),
        ("out_500_after", None, 0),
    ],
)
def test_defaults_are_the_law_s(daraja: Daraja, kind: str, path: str | None, seconds: float) -> None:
    """Probability 1, no end, every phone, the kind's own path, before the effect, and the seconds of `law:
    simulator`."""
    made = daraja.fault(kind)
    assert (made["probability"], made["count"], made["msisdn"], made["when"]) == (1, None, None, "before")
    assert (made["path"], made["seconds"]) == (path, seconds)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "callback_eaten"}, "kind"),
        ({"kind": 5}, "kind"),
        ({"kind": "slow", "probability": 1.5}, "probability"),
        ({"kind": "slow", "probability": "often"}, "probability"),
        ({"kind": "slow", "count": 0}, "count"),
        ({"kind": "slow", "count": 1.5}, "count"),
        ({"kind": "slow", "seconds": -1}, "seconds"),
        ({"kind": "slow", "msisdn": "712345678"}, "msisdn"),
        ({"kind": "slow", "msisdn": "hello"}, "msisdn"),
        ({"kind": "slow", "when": "during"}, "when"),
        ({"kind": "slow", "path": "callback"}, "path"),
        ({"kind": "push_500_before", "path": "query"}, "path"),
        ({"kind": "query_limit", "path": "push"}, "path"),
        ({"kind": "callback_lost", "path": "push"}, "path"),
        ({"kind": "push_timeout_after", "when": "after"}, "when"),
        ({"kind": "slow", "times": 3}, "times"),
    ],
)
def test_a_wrong_fault_is_refused_by_field(daraja: Daraja, body: dict[str, Any], field: str) -> None:
    """400, the field's name, and nothing switched on."""
    assert _refused_field(daraja, "/sim/api/faults", body) == field
    assert daraja.call("GET", "/sim/api/faults").json == {"faults": []}


def test_a_wrong_kind_is_told_the_right_ones(daraja: Daraja) -> None:
    """The refusal lists what there is."""
    message = daraja.call("POST", "/sim/api/faults", {"kind": "callback_eaten"}).json["message"]
    for kind in _KINDS:
        assert kind in message


def test_faults_are_bounded(daraja: Daraja) -> None:
    """Two hundred faults are enough for anybody."""
    for _ in range(200):
        daraja.fault("callback_lost")
    assert _refused_field(daraja, "/sim/api/faults", {"kind": "callback_lost"}) == "kind"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "msisdn"),
        ({"msisdn": "0202123456"}, "msisdn"),
        ({"msisdn": None}, "msisdn"),
        ({"msisdn": PHONE, "balance": -1}, "balance"),
        ({"msisdn": PHONE, "balance": "much"}, "balance"),
        ({"msisdn": PHONE, "balance": 0.001}, "balance"),
        ({"msisdn": PHONE, "balance": 1e12}, "balance"),
        ({"msisdn": PHONE, "pin": "12345"}, "pin"),
        ({"msisdn": PHONE, "pin": 1234}, "pin"),
        ({"msisdn": PHONE, "pin": "12a4"}, "pin"),
        ({"msisdn": PHONE, "pin": "1234\n"}, "pin"),
        ({"msisdn": PHONE, "behaviour": "sleep"}, "behaviour"),
        ({"msisdn": PHONE, "delaySeconds": -1}, "delaySeconds"),
        ({"msisdn": PHONE, "delay_seconds": 1}, "delay_seconds"),
    ],
)
def test_a_wrong_subscriber_is_refused_by_field(daraja: Daraja, body: dict[str, Any], field: str) -> None:
    """400, the field's name, and no phone made or changed."""
    before = daraja.call("GET", "/sim/api/subscribers").json
    assert _refused_field(daraja, "/sim/api/subscribers", body) == field
    assert daraja.call("GET", "/sim/api/subscribers").json == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "advanceSeconds"),
        ({"advanceSeconds": -1}, "advanceSeconds"),
        ({"advanceSeconds": "60"}, "advanceSeconds"),
        ({"advanceSeconds": 1e12}, "advanceSeconds"),
        ({"seconds": 1}, "seconds"),
    ],
)
def test_a_wrong_advance_is_refused_by_field(daraja: Daraja, body: dict[str, Any], field: str) -> None:
    """Time goes forward, by a number of seconds, and by ten years at most."""
    assert _refused_field(daraja, "/sim/api/clock", body) == field
    assert daraja.call("GET", "/sim/api/clock").json["advancedSeconds"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": "ignore"}, "action"),
        ({"action": "pay"}, "pin"),
        ({"action": "pay", "pin": "12"}, "pin"),
        ({"action": "pay", "pin": 1234}, "pin"),
    ],
)
def test_a_wrong_answer_is_refused_by_field(daraja: Daraja, body: dict[str, Any], field: str) -> None:
    """The prompt stays open."""
    daraja.pushed()
    (prompt,) = daraja.prompts()
    assert _refused_field(daraja, f"/sim/api/prompts/{prompt['id']}/answer", body) == field
    assert len(daraja.prompts()) == 1


@pytest.mark.parametrize("pin", ["99", "12a4", 1234])
def test_a_pin_of_another_form_is_refused_in_words(daraja: Daraja, pin: Any) -> None:
    """The answer says what a PIN is, and shows no pattern of the program's."""
    daraja.pushed()
    (prompt,) = daraja.prompts()
    answer = daraja.call("POST", f"/sim/api/prompts/{prompt['id']}/answer", {"action": "pay", "pin": pin})
    assert answer.json["message"] == "pin: the four digits of a PIN, as text."


def test_a_prompt_that_is_not_there_is_404_and_one_that_has_ended_409(daraja: Daraja) -> None:
    """A late finger learns that the prompt is gone."""
    daraja.pushed()
    (prompt,) = daraja.prompts()
    path = f"/sim/api/prompts/{prompt['id']}/answer"
    assert daraja.call("POST", path, {"action": "cancel"}).status == 200
    late = daraja.call("POST", path, {"action": "pay", "pin": "1234"})
    assert (late.status, late.json["code"]) == (409, "prompt_ended")
    absent = daraja.call("POST", "/sim/api/prompts/none/answer", {"action": "cancel"})
    assert (absent.status, absent.json["code"]) == (404, "not_found")
    assert daraja.journal["charges"] == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"null", b"\xff", b"[" * 3000])
@pytest.mark.parametrize("path", ["subscribers", "faults", "clock"])
def test_a_body_that_is_no_json_object_is_malformed(daraja: Daraja, path: str, body: bytes) -> None:
    """400 with the code `malformed_body`."""
    answer = daraja.call("POST", f"/sim/api/{path}", body)
    assert (answer.status, answer.json["code"]) == (400, "malformed_body")


def test_a_body_of_more_than_64_kilobytes_is_too_large(daraja: Daraja) -> None:
    """413, without reading the rest."""
    answer = daraja.call("POST", "/sim/api/faults", b'{"kind":"' + b"x" * 70_000 + b'"}')
    assert (answer.status, answer.json["code"]) == (413, "too_large")


def test_prompts_are_listed_for_one_phone_or_for_all(daraja: Daraja) -> None:
    """`msisdn` filters; without it every open prompt is listed, oldest first, with the simulator's time."""
    first = daraja.pushed("254722000001")
    second = daraja.pushed("254722000002")
    listed = daraja.call("GET", "/sim/api/prompts").json
    assert [prompt["checkoutRequestId"] for prompt in listed["prompts"]] == [first, second]
    assert set(listed["prompts"][0]) == {
        "id",
        "msisdn",
        "amount",
        "shortcode",
        "accountReference",
        "checkoutRequestId",
        "expiresAt",
        "text",
    }
    assert listed["now"] < listed["prompts"][0]["expiresAt"]
    assert [prompt["checkoutRequestId"] for prompt in daraja.prompts("254722000002")] == [second]
    assert daraja.call("GET", "/sim/api/prompts?msisdn=123").status == 400


def test_subscribers_are_listed_without_their_pins(daraja: Daraja) -> None:
    """The two known numbers are there from the start; a PIN is nowhere to be read."""
    daraja.subscriber(pin="8642")
    answer = daraja.call("GET", "/sim/api/subscribers")
    phones = answer.json["subscribers"]
    assert [phone["msisdn"] for phone in phones] == ["254708374149", "254711111111", PHONE]
    assert set(phones[0]) == {"msisdn", "name", "balance", "behaviour", "delaySeconds", "messages"}
    assert b"8642" not in answer.body


def test_the_journal_has_the_design_s_fields(daraja: Daraja) -> None:
    """Charges, callbacks and requests, and of money out payouts, reversals, accounts and Results, with the law's names
    (law: simulator of money out)."""
    daraja.pushed()
    daraja.answer()
    daraja.advance(0)
    receipt = daraja.journal["charges"][0]["receipt"]
    funded(daraja)
    b2c(daraja)
    result_of(daraja, reverse(daraja, receipt, Amount=10))
    journal = daraja.journal
    of_money_out = {"payouts", "reversals", "accounts", "results"}
    assert set(journal) == {"charges", "callbacks", "requests"} | of_money_out
    assert set(journal["payouts"][0]) == {
        *("originatorConversationId", "conversationId", "msisdn", "amount", "receipt", "at")
    }
    assert set(journal["reversals"][0]) == {"originalReceipt", "receipt", "amount", "at"}
    assert set(journal["accounts"]) == {"utility", "merchant", "working", "settlement", "charges"}
    assert set(journal["results"][0]) == {"conversationId", "url", "timeoutNotice", "sentAt", "status", "body"}
    assert set(journal["charges"][0]) == {"checkoutRequestId", "msisdn", "amount", "receipt", "at"}
    assert set(journal["callbacks"][0]) == {"checkoutRequestId", "url", "sentAt", "status", "body"}
    assert set(journal["requests"][0]) == {"at", "path", "status", "fault"}


def test_the_journal_is_bounded(start_daraja: StartDaraja) -> None:
    """The oldest entries give way."""
    daraja = start_daraja(most_records=5)
    for _ in range(6):
        daraja.pushed()
        daraja.answer()
        daraja.advance(0)
    journal = daraja.journal
    assert [len(journal[name]) for name in ("charges", "callbacks", "requests")] == [5, 5, 5]
    assert daraja.phone()["balance"] == 9_940


def test_unknown_paths_and_methods_of_the_sim_are_told_plainly(daraja: Daraja) -> None:
    """404 and 405 in the shape of the service's errors, not in Daraja's."""
    absent = daraja.call("GET", "/sim/api/nothing")
    assert (absent.status, absent.json["code"]) == (404, "not_found")
    wrong = daraja.call("PUT", "/sim/api/clock", {})
    assert (wrong.status, wrong.json["code"]) == (405, "method_not_allowed")


def test_answers_are_safe_in_a_browser(daraja: Daraja) -> None:
    """No answer, refusals included, is guessed to be a page, is framed, or is kept."""
    for answer in (daraja.call("GET", "/sim/api/faults"), daraja.call("POST", "/sim/api/faults", {"kind": "nothing"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["cache-control"] == "no-store"
