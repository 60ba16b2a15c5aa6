"""Which field Daraja refused: said to the merchant by name, and to the customer only if it was the phone."""

import json

import pytest

from pokea.daraja.codes.explain import explain
from pokea.daraja.codes.lookup import reason_meaning
from pokea.daraja.outcomes import SubmissionRefused
from pokea.daraja.refused_fields import ADVICE, refused_field
from pokea.daraja.responses import read_push_answer
from pokea.errors import Fault


def refused(text: str, code: str = "400.002.02") -> SubmissionRefused:
    """The refusal of a push with these words."""
    body = json.dumps({"requestId": "1-2-3", "errorCode": code, "errorMessage": text}).encode()
    outcome = read_push_answer(400, "application/json", body)
    assert isinstance(outcome, SubmissionRefused)
    return outcome


@pytest.mark.parametrize("field", ADVICE)
@pytest.mark.parametrize(
    "form", ["Bad Request - Invalid {}", "Invalid {}", "bad request - invalid  {}.", "[x] Invalid {} y"]
)
def test_the_field_is_found_however_it_is_said(field: str, form: str) -> None:
    """The field is named as Daraja's documents spell it, whatever stands around it and however it is spelt."""
    assert refused_field(form.format(field)) == field
    assert refused_field(form.format(field.lower())) == field


@pytest.mark.parametrize(
    "text", ["", "Bad Request", "Invalid", "Invalid Access Token", "PhoneNumber", "x" * 300 + "Invalid PartyA"]
)
def test_a_text_without_a_known_field_names_none(text: str) -> None:
    """What names no field that is known names none."""
    assert refused_field(text) is None


@pytest.mark.parametrize("field", ADVICE)
def test_only_a_refused_phone_is_the_customers(field: str) -> None:
    """The customer is told to check the number only where it was the number; all else the business must mend."""
    outcome = refused(f"Bad Request - Invalid {field}")
    text = reason_meaning(outcome.reason)
    is_phone = field in ("PhoneNumber", "PartyA")
    assert (outcome.reason == "phone_refused") == is_phone
    assert outcome.fault is (Fault.CUSTOMER if is_phone else Fault.OURS)
    assert ("number" in text.customer_en) == is_phone
    assert text.retryable == is_phone
    assert not outcome.temporary


def test_the_same_words_under_another_code_are_not_the_phones() -> None:
    """A text that names the number under a code for something else is not believed to be about it."""
    assert refused("Invalid PhoneNumber", "400.002.05").reason == "daraja_refused"


def test_explaining_the_code_names_every_field_and_its_setting() -> None:
    """`pokea explain 400.002.02` says for each field what to check."""
    (explanation,) = explain("400.002.02")
    for field, advice in ADVICE.items():
        assert f"{field}: {advice}" in explanation.do
