"""What proves that an attempt paid, what proves that it did not, and that nothing else does either."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokea.daraja.codes.out_codes import OUT_CODES
from pokea.daraja.codes.types import OutFinality
from pokea.disbursements.decision import AttemptDecision, decide_attempt
from pokea.disbursements.evidence import (
    OutEvidence,
    OutSource,
    Purpose,
    accepted,
    found,
    refused,
    returned,
    send_began,
    stated,
    unknown,
)
from pokea.disbursements.model import AttemptStatus, AttemptTerms, OutFlag, Way
from pokea.disbursements.rules import MONEY_OUT
from tests.disbursements.bodies import RECEIPT_OUT, at, b2c_body, came, reversal_body, status_body
from tests.disbursements.rows import CONVERSATION, MSISDN, ORIGINATOR, attempt_row

TERMS = attempt_row().terms
REVERSAL = AttemptTerms("at_1", Way.REVERSAL, 50_000, MSISDN, "SKR4ABCDEF", None)
BEGAN = send_began("at_1", "d" * 64, at(0))
ACCEPTED = accepted("at_1", CONVERSATION, ORIGINATOR, at(1))
UNKNOWN = unknown("at_1", "no answer came", at(60))
PAID = came(b2c_body())
STATUS = Purpose.STATUS


def decided(*items: OutEvidence, terms: AttemptTerms = TERMS, foreign: tuple[str, ...] = ()) -> AttemptDecision:
    """The decision of an attempt that was begun, and of which this is known."""
    return decide_attempt(terms, MONEY_OUT, [BEGAN, *items], foreign)


def test_what_was_begun_and_not_answered_is_being_sent() -> None:
    """Without any answer the attempt is sending; an answer that is not known makes it unknown."""
    assert decided().status is AttemptStatus.SENDING
    assert decided(UNKNOWN).status is AttemptStatus.UNKNOWN
    assert decided(ACCEPTED).status is AttemptStatus.ACCEPTED
    assert decided(UNKNOWN, ACCEPTED).status is AttemptStatus.ACCEPTED


@pytest.mark.parametrize("answer", [(), (ACCEPTED,), (UNKNOWN,), (UNKNOWN, ACCEPTED)])
def test_a_proved_result_completes_it_also_before_the_answer(answer: tuple[OutEvidence, ...]) -> None:
    """A Result at the result address with our id, amount, recipient and a receipt completes the attempt."""
    decision = decided(*answer, PAID)
    assert (decision.status, decision.receipt) == (AttemptStatus.COMPLETED, RECEIPT_OUT)
    assert decision.receiver_name == "JANE WANJIKU DOE"


@pytest.mark.parametrize(
    ("body", "flag"),
    [
        (b2c_body(amount=501), OutFlag.AMOUNT_DIFFERS),
        (b2c_body(amount=499.99), OutFlag.AMOUNT_DIFFERS),
        (b2c_body(receiver="254700000001 - JOHN DOE"), OutFlag.RECIPIENT_DIFFERS),
        (b2c_body(receiver=f"{MSISDN}5 - JOHN DOE"), OutFlag.RECIPIENT_DIFFERS),
        (b2c_body(receiver=None), OutFlag.RECIPIENT_DIFFERS),
        (b2c_body(TransactionID="NLJ0000000"), OutFlag.NOT_FINAL),
        (b2c_body(ResultType=1), OutFlag.NOT_FINAL),
        (b2c_body(ResultCode=15), OutFlag.NOT_FINAL),
        (b2c_body(ResultCode=17), OutFlag.NOT_FINAL),
        (b2c_body(ResultCode=26), OutFlag.NOT_FINAL),
        (b2c_body(ResultCode=9999), OutFlag.NOT_FINAL),
        (b2c_body(ResultCode=100000000), OutFlag.NOT_FINAL),
        (b2c_body(ResultCode=1000000017), OutFlag.NOT_FINAL),
        (b2c_body(ResultCode="R000001"), OutFlag.REVERSED_ELSEWHERE),
        (b2c_body(ResultCode=77), OutFlag.CODE_UNKNOWN),
        (b2c_body(ResultCode="1", ResultType=1), OutFlag.NOT_FINAL),
    ],
)
def test_a_result_that_proves_nothing_ends_nothing(body: bytes, flag: OutFlag) -> None:
    """Another amount or recipient, no receipt, a code that is not final: a flag is raised, and it is asked about."""
    decision = decided(ACCEPTED, came(body))
    assert (decision.status, decision.flags) == (AttemptStatus.ACCEPTED, (flag,))
    assert decision.doubted_at == at(10)


@pytest.mark.parametrize("code", [code for code, entry in OUT_CODES.items() if entry.finality is OutFinality.FAILED])
def test_a_final_code_fails_it(code: str) -> None:
    """A proved Result with a code that is known to be final proves that nothing was paid, as text or as a number."""
    for form in {code, int(code) if code.isdecimal() else code}:
        decision = decided(ACCEPTED, came(b2c_body(ResultCode=form, TransactionID="SKQ0000000")))
        assert (decision.status, decision.failure_code) == (AttemptStatus.FAILED, code)


@pytest.mark.parametrize(
    "item",
    [
        came(b2c_body(), stranger="203.0.113.9"),
        came(b2c_body(ConversationID="AG_other", OriginatorConversationID="another")),
        came(b2c_body(), Purpose.TIMEOUT),
        came(b2c_body(ResultCode=2001), Purpose.TIMEOUT),
        came(b'{"Initiator": "x", "SecurityCredential": "y", "CommandID": "BusinessPayment"}', Purpose.TIMEOUT),
        came(b"not even JSON"),
        came(status_body()),
        came(status_body("Failed")),
    ],
)
def test_what_does_not_belong_to_the_attempt_proves_nothing(item: OutEvidence) -> None:
    """A stranger, another id, a notice of a timeout, junk, and a status answer at the result address end nothing."""
    decision = decided(ACCEPTED, item)
    assert (decision.status, decision.receipt) == (AttemptStatus.ACCEPTED, None)
    assert decision.doubted_at == at(10)


@pytest.mark.parametrize(
    "body",
    [
        status_body(ResultCode=2032),
        status_body(None),
        status_body("Completed", asked_originator="another", asked_conversation="AG_other"),
        status_body("Completed", receipt=None),
        status_body("Pending"),
        status_body("Authorized"),
    ],
)
def test_a_status_answer_that_is_none_ends_nothing(body: bytes) -> None:
    """Code 0 of a question says that the question worked; "does not exist", another id and other words say nothing."""
    answers = [came(body, STATUS, seconds, number) for number, seconds in enumerate((30, 100, 500), 1)]
    assert decided(UNKNOWN, *answers).status is AttemptStatus.UNKNOWN


def test_a_status_answer_of_completed_completes_it() -> None:
    """A status answer with TransactionStatus Completed, the amount and our id proves the payment."""
    decision = decided(UNKNOWN, came(status_body(), STATUS, 30, 1))
    assert (decision.status, decision.receipt) == (AttemptStatus.COMPLETED, RECEIPT_OUT)
    other = decided(UNKNOWN, came(status_body(amount="5"), STATUS, 30, 1))
    assert (other.status, other.flags) == (AttemptStatus.UNKNOWN, (OutFlag.AMOUNT_DIFFERS,))


@pytest.mark.parametrize("word", ["Cancelled", "Declined", "Expired", "Failed", "FAILED"])
def test_it_takes_two_status_answers_a_minute_apart_to_fail_it(word: str) -> None:
    """One answer that names a failure proves nothing; two that are a minute apart do, unless a payment is proved."""
    first, near, far = (came(status_body(word), STATUS, seconds, seconds) for seconds in (30, 89, 90))
    assert decided(UNKNOWN, first).status is AttemptStatus.UNKNOWN
    assert decided(UNKNOWN, first, near).status is AttemptStatus.UNKNOWN
    assert decided(UNKNOWN, first, far).status is AttemptStatus.FAILED
    assert decided(UNKNOWN, first, far, PAID).status is AttemptStatus.COMPLETED


def test_a_reversal_is_named_by_the_receipt_that_it_undoes() -> None:
    """A reversal completes by its own Result; one of another receipt is another recipient."""
    answered = accepted("at_1", CONVERSATION, "daraja's", at(1))
    whole = decided(answered, came(reversal_body()), terms=REVERSAL)
    assert whole.status is AttemptStatus.COMPLETED
    other = decided(answered, came(reversal_body(original="SKR9OTHERS")), terms=REVERSAL)
    assert (other.status, other.flags) == (AttemptStatus.ACCEPTED, (OutFlag.RECIPIENT_DIFFERS,))
    lost = decided(UNKNOWN, came(reversal_body(ConversationID="AG_lost")), terms=REVERSAL)
    assert lost.status is AttemptStatus.COMPLETED
    foreign = decided(UNKNOWN, came(reversal_body(ConversationID="AG_x", original="SKR9OTHERS")), terms=REVERSAL)
    assert foreign.status is AttemptStatus.UNKNOWN


@pytest.mark.parametrize(
    ("party", "flags"),
    [
        (f"{MSISDN} - JANE WANJIKU DOE", ()),
        ("254733999111 - MARY AKINYI", (OutFlag.RECIPIENT_DIFFERS,)),
        ("254733999111", (OutFlag.RECIPIENT_DIFFERS,)),
        ("0733999111 - MARY AKINYI", ()),
        ("2547****111 - MARY AKINYI", ()),
        ("MARY AKINYI", ()),
    ],
)
def test_a_reversal_that_gave_another_number_money_back_is_flagged(party: str, flags: tuple[OutFlag, ...]) -> None:
    """M-PESA has reversed what was named, so it is completed; that the receipt was another's stops money out. A number
    in another form is not told apart."""
    answered = accepted("at_1", CONVERSATION, "daraja's", at(1))
    found = decided(answered, came(reversal_body(party=party)), terms=REVERSAL)
    assert (found.status, found.flags) == (AttemptStatus.COMPLETED, flags)


def test_a_status_of_the_original_receipt_proves_no_reversal() -> None:
    """Where a reversal is asked about by the payment's receipt, "Completed" is the payment's own status."""
    body = status_body("Completed", asked_originator="push", asked_conversation="ws_CO_1", receipt="SKR4ABCDEF")
    assert decided(UNKNOWN, came(body, STATUS, 30, 1), terms=REVERSAL).status is AttemptStatus.UNKNOWN


def test_statement_and_finding_end_what_nothing_else_does() -> None:
    """A matching line completes an unknown attempt; two people's finding completes or fails it."""
    line = stated("at_1", RECEIPT_OUT, 50_000, None, at(9_000))
    assert decided(UNKNOWN, line).status is AttemptStatus.COMPLETED
    wrong = decided(UNKNOWN, stated("at_1", RECEIPT_OUT, 40_000, None, at(9_000)))
    assert (wrong.status, wrong.flags) == (AttemptStatus.UNKNOWN, (OutFlag.AMOUNT_DIFFERS,))
    assert decided(UNKNOWN, found("at_1", "fd_1", RECEIPT_OUT, at(9_000))).status is AttemptStatus.COMPLETED
    assert decided(UNKNOWN, found("at_1", "fd_1", None, at(9_000))).status is AttemptStatus.FAILED
    of_another = decided(UNKNOWN, found("at_1", "fd_1", RECEIPT_OUT, at(9_000)), foreign=(RECEIPT_OUT,))
    assert (of_another.status, of_another.flags) == (AttemptStatus.UNKNOWN, (OutFlag.RECEIPT_CONFLICT,))


def test_a_refusal_fails_it_and_a_payment_outranks_it() -> None:
    """An answer by which nothing happened fails the attempt; proof that money went out outranks every word."""
    no = refused("at_1", "400.002.02", "field_refused", at(1))
    assert decided(no).status is AttemptStatus.FAILED
    for denial in (no, came(b2c_body(ResultCode=2001)), found("at_1", "fd_1", None, at(5))):
        assert decided(denial, PAID).status is AttemptStatus.COMPLETED


def test_a_receipt_of_another_operation_completes_nothing() -> None:
    """A receipt that settled something else is a conflict for a person."""
    decision = decided(ACCEPTED, PAID, foreign=(RECEIPT_OUT,))
    assert (decision.status, decision.flags) == (AttemptStatus.ACCEPTED, (OutFlag.RECEIPT_CONFLICT,))


def test_money_that_came_back_is_returned() -> None:
    """Only a completed attempt can be returned."""
    back = returned("at_1", "SKQ9BACKAA", 50_000, at(9_999))
    assert decided(ACCEPTED, PAID, back).status is AttemptStatus.RETURNED
    assert decided(ACCEPTED, back).status is AttemptStatus.ACCEPTED


EVERYTHING = [
    ACCEPTED,
    UNKNOWN,
    PAID,
    refused("at_1", "400.002.02", "field_refused", at(1)),
    came(b2c_body(ResultCode=2001), seconds=11),
    came(b2c_body(ResultCode=15), seconds=12),
    came(b2c_body(), Purpose.TIMEOUT, 13),
    came(status_body("Failed"), STATUS, 30, 1),
    came(status_body("Failed"), STATUS, 95, 2),
    came(status_body(), STATUS, 200, 3),
    stated("at_1", RECEIPT_OUT, 50_000, None, at(9_000)),
    found("at_1", "fd_1", None, at(9_500)),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(EVERYTHING), max_size=14), st.randoms())
def test_order_and_repetition_change_nothing(items: list[OutEvidence], chance: object) -> None:
    """The decision is a function of the set of evidence: shuffled, doubled, or told anew it is the same."""
    shuffled = [*items, *items]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    assert decide_attempt(TERMS, MONEY_OUT, items) == decide_attempt(TERMS, MONEY_OUT, shuffled)


def test_completed_is_never_left_but_by_a_return() -> None:
    """Whatever two pieces of evidence join a proved payment, it stays completed."""
    for pair in itertools.combinations(EVERYTHING, 2):
        assert decided(PAID, *pair).status is AttemptStatus.COMPLETED


def test_failed_needs_proof() -> None:
    """Over every set of the evidence an attempt fails only with a refusal, a final code, two answers or a finding."""
    proofs = (
        {EVERYTHING[3].id},
        {EVERYTHING[4].id},
        {EVERYTHING[7].id, EVERYTHING[8].id},
        {EVERYTHING[11].id},
    )
    for size in range(4):
        for items in itertools.combinations(EVERYTHING, size):
            named = {item.id for item in items}
            if decided(*items).status is AttemptStatus.FAILED:
                assert any(proof <= named for proof in proofs)
                assert not any(item.source is OutSource.STATEMENT_LINE or item is PAID for item in items)
