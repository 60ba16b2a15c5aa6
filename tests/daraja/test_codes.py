"""Every code has a meaning, an end, a fault, and words for the customer in both languages."""

import re

import pytest

from pokea.daraja.codes.core_codes import CORE_CODES
from pokea.daraja.codes.error_codes import ERROR_CODES, REFUSING_TEXTS, TOKEN_ERRORS
from pokea.daraja.codes.lookup import (
    ErrorMeaning,
    Finality,
    Meaning,
    core_meaning,
    error_meaning,
    meaning,
    reason_meaning,
)
from pokea.daraja.codes.reasons import REASONS, next_step
from pokea.daraja.codes.result_codes import RESULT_CODES
from pokea.daraja.codes.types import NextStep
from pokea.errors import CATALOGUE, Fault

UNPAID = ["1", "2", "3", "4", "8", "1019", "1025", "1031", "1032", "1037", "2001", "8006", "2028", "SFC_IC0003", "2029"]
AMBIGUOUS = ["17", "26", "1001", "9999", "1036", "1101", "2006", "E3008"]
FINALITIES = {
    "0": Finality.PAID,
    "4999": Finality.NOT_YET,
    **dict.fromkeys(UNPAID, Finality.UNPAID),
    **dict.fromkeys(AMBIGUOUS, Finality.AMBIGUOUS),
}
"""`daraja: finality`, and `daraja: result codes` for the codes that it calls weak or knows from the sandbox alone."""
ERRORS = [
    "400.008.01",
    "400.008.02",
    "404.001.03",
    "401.002.01",
    "400.003.01",
    "401.003.01",
    "400.002.02",
    "404.001.01",
    "404.001.04",
    "405.001",
    "400.002.05",
    "500.001.1001",
    "500.003.02",
    "500.003.03",
    "500.003.1001",
    "403.002.1001",
    "00.002.1001",
    "policies.ratelimit.SpikeArrestViolation",
]
"""`daraja: Token errors; daraja: Token behaviour; daraja: push validation errors; daraja: rate limit fault; daraja: STK
query errors`."""
CORE = [
    "15",
    "18",
    "19",
    "20",
    "21",
    "22",
    "24",
    "25",
    "29",
    "100000000",
    "100000001",
    "100000002",
    "100000004",
    "100000005",
    "100000007",
    "100000009",
    "100000010",
    "100000011",
    "TP40153",
]
OWN_REASONS = [
    "no_answer",
    "outcome_unknown",
    "daraja_refused",
    "phone_refused",
    "daraja_unavailable",
    "subscriber_locked",
    "wrong_credentials",
    "merchant_unknown",
    "access_refused",
    "amount_differs",
    "paid_twice",
]
NEXT_STEPS_EN = re.compile(
    r"\b(try again|add money|check|wait|contact|call|pay (?:from|again)|finish|nothing more to do|look at)\b",
    re.IGNORECASE,
)
NEXT_STEPS_SW = re.compile(
    r"\b(jaribu|ujaribu|kujaribu|ongeza|hakikisha|subiri|wasiliana|piga|ulipe|usilipe|likamilishe|huhitaji|angalia)\b",
    re.IGNORECASE,
)
ENTRIES: list[Meaning | ErrorMeaning] = [*RESULT_CODES.values(), *ERROR_CODES.values(), *CORE_CODES.values()]


def last_sentence(text: str) -> str:
    """What stands after the last full stop but one."""
    return text.removesuffix(".").rsplit(". ", 1)[-1]


def test_result_codes_are_those_of_the_reference() -> None:
    """Every result code of STK is there, and each is as final as the reference says."""
    assert {code: entry.finality for code, entry in RESULT_CODES.items()} == FINALITIES


def test_error_codes_are_those_of_the_reference() -> None:
    """Every error code of the reference's chapters on OAuth, push and query is there."""
    assert [code for code in ERRORS if error_meaning(code) is None] == []


def test_core_codes_are_known_without_being_codes_of_stk() -> None:
    """What M-PESA's core may say can be explained, and still proves nothing about a payment."""
    assert [code for code in CORE if core_meaning(code) is None] == []
    assert [code for code in CORE if meaning(code) is not None] == []
    assert {entry.finality for entry in CORE_CODES.values()} == {Finality.AMBIGUOUS}


@pytest.mark.parametrize("code", ["", "00", "0.0", " 0", "01032", "sfc_ic0003", "4999 "])
def test_code_is_compared_as_text(code: str) -> None:
    """A code that is written in another way is another code, and unknown."""
    assert meaning(code) is None


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_every_entry_says_everything(entry: Meaning | ErrorMeaning) -> None:
    """No code is without a title, words for the merchant, a source, and a reason with words for the customer."""
    assert entry.title
    assert entry.operator.endswith((".", "'"))
    assert re.search(r"\b(?:daraja|texts): \w|captured", entry.source)
    text = REASONS[entry.reason]
    assert (entry.customer_en, entry.customer_sw, entry.retryable) == (
        text.customer_en,
        text.customer_sw,
        text.retryable,
    )


def test_only_a_success_is_nobodys_fault() -> None:
    """Every code but that of a payment names whose fault it is."""
    assert [entry.code for entry in RESULT_CODES.values() if entry.fault is None] == ["0"]


@pytest.mark.parametrize("entry", RESULT_CODES.values(), ids=lambda entry: entry.code)
def test_nobody_is_asked_to_pay_again_while_money_may_have_moved(entry: Meaning) -> None:
    """A code that is not final never invites to another payment, and says that one should wait."""
    if entry.finality in (Finality.AMBIGUOUS, Finality.NOT_YET):
        assert not entry.retryable
        assert "do not pay again" in entry.customer_en
        assert "usilipe tena" in entry.customer_sw


@pytest.mark.parametrize("entry", ERROR_CODES.values(), ids=lambda entry: entry.code)
def test_error_that_is_not_final_is_an_unknown_outcome_or_our_own(entry: ErrorMeaning) -> None:
    """An error that leaves the outcome open does not invite to another push."""
    assert entry.final or not entry.retryable
    assert entry.final or entry.fault in (Fault.UNKNOWN, Fault.OURS)


@pytest.mark.parametrize("reason", REASONS)
def test_customer_hears_what_to_do_next_in_both_languages(reason: str) -> None:
    """Each text is two sentences or more, and the last says what to do."""
    text = reason_meaning(reason)
    for told, next_steps in ((text.customer_en, NEXT_STEPS_EN), (text.customer_sw, NEXT_STEPS_SW)):
        assert told.count(". ") >= 1
        assert told.endswith(".")
        assert next_steps.search(last_sentence(told)), last_sentence(told)


@pytest.mark.parametrize("reason", REASONS)
def test_languages_say_the_same_of_trying_again(reason: str) -> None:
    """Who is told in English to wait is told so in Kiswahili, and the same of trying again."""
    text = reason_meaning(reason)
    assert ("do not pay again" in text.customer_en) == ("usilipe tena" in text.customer_sw)
    assert bool(re.search(r"try again", text.customer_en, re.IGNORECASE)) == ("jaribu tena" in text.customer_sw.lower())


def test_customer_texts_name_no_machinery() -> None:
    """A customer reads of M-PESA and of the business, never of Daraja, tokens, codes or callbacks."""
    texts = [text for entry in REASONS.values() for text in (entry.customer_en, entry.customer_sw)]
    assert [text for text in texts if re.search(r"daraja|token|callback|API|\bcode\b", text, re.IGNORECASE)] == []


@pytest.mark.parametrize("reason", OWN_REASONS)
def test_our_own_reasons_have_words(reason: str) -> None:
    """Every reason that Pokea itself gives has words for the customer."""
    assert reason_meaning(reason).reason == reason


def test_no_answer_is_told_as_the_law_words_it() -> None:
    """A payment that was given up is told to be open: the money will be credited or returned (law: time)."""
    told = reason_meaning("no_answer").customer_en
    assert "could not find out" in told
    assert "if M-PESA took the money, it will be credited or returned" in told


def test_reason_of_a_newer_version_gets_words_that_fit_all() -> None:
    """A reason that this version does not know is not an error, and promises nothing."""
    assert reason_meaning("something_new") == reason_meaning("unconfirmed")


def test_three_texts_end_a_push() -> None:
    """Of all descriptions exactly three decide anything, one of them in two spellings (law: push)."""
    assert len(REFUSING_TEXTS) == 4
    assert set(REFUSING_TEXTS.values()) == {"subscriber_locked", "merchant_unknown", "wrong_credentials"}


def test_token_errors_are_final_refusals_of_access() -> None:
    """The codes by which a token is refused all mean that nothing happened."""
    assert {(error.final, error.reason) for error in map(ERROR_CODES.__getitem__, TOKEN_ERRORS)} == {
        (True, "access_refused")
    }


def test_reasons_of_the_catalogue_are_spelt_alike() -> None:
    """Where a problem of the catalogue and a reason mean the same they have the same name."""
    shared = {"daraja_refused", "daraja_unavailable", "subscriber_locked"}
    assert shared <= set(CATALOGUE)
    assert shared <= set(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_the_next_step_agrees_with_the_words(reason: str) -> None:
    """A customer is sent to another number, or to the business, exactly where the sentence says so."""
    text = REASONS[reason]
    step = next_step(text)
    assert (step is NextStep.CONTACT_BUSINESS) is not text.retryable
    assert (step is NextStep.ANOTHER_NUMBER) == ("another M-PESA number" in text.customer_en)
    assert (step is NextStep.ANOTHER_NUMBER) == ("nambari nyingine" in text.customer_sw)
