"""The phones: what their owners do, what it comes to, and the messages they get (law: simulator; daraja: result codes;
texts: SMS)."""

import re

import pytest

from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, Daraja

_GOOD = "254708374149"
_POOR = "254711111111"


def test_the_first_known_number_pays_by_itself_after_a_second(daraja: Daraja) -> None:
    """254708374149 pays without anybody's hand, one second after the push."""
    checkout = daraja.pushed(_GOOD)
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    daraja.advance(1)
    assert daraja.callback(checkout)["ResultCode"] == 0
    (charge,) = daraja.journal["charges"]
    assert (charge["checkoutRequestId"], charge["msisdn"], charge["amount"]) == (checkout, _GOOD, 10)
    assert daraja.sent_after(checkout) == [1]


def test_a_known_number_answers_in_real_time_too(start_daraja: StartDaraja) -> None:
    """Nobody has to move the clock: what is due happens by itself."""
    daraja = start_daraja(known_number_seconds=0.1)
    assert daraja.callback(daraja.pushed(_GOOD))["ResultCode"] == 0


def test_the_second_known_number_has_no_money(daraja: Daraja) -> None:
    """254711111111 fails with ResultCode 1 after a second, and nothing is charged."""
    checkout = daraja.pushed(_POOR)
    daraja.advance(1)
    result = daraja.callback(checkout)
    assert (result["ResultCode"], result["ResultDesc"]) == (1, "The balance is insufficient for the transaction.")
    assert daraja.journal["charges"] == []


def test_the_first_known_number_never_runs_dry(daraja: Daraja) -> None:
    """It is exempt from the day's limit, so that a demonstration does not end at noon."""
    for _ in range(4):
        checkout = daraja.pushed(_GOOD, 250_000)
        daraja.advance(1)
        assert daraja.callback(checkout)["ResultCode"] == 0


def test_any_other_number_is_a_phone_with_ten_thousand_shillings(daraja: Daraja) -> None:
    """A number is made on first use, with KES 10,000 and PIN 1234, to be answered by hand."""
    daraja.pushed()
    phone = daraja.phone()
    assert (phone["balance"], phone["behaviour"], phone["messages"]) == (10_000, "manual", [])
    assert daraja.answer(pin="1234").json == {
        "resultCode": 0,
        "resultDesc": "The service request is processed successfully.",
    }
    assert daraja.phone()["balance"] == 9_990
    assert daraja.prompts() == []


def test_cancelling_is_1032(daraja: Daraja) -> None:
    """The owner presses cancel."""
    checkout = daraja.pushed()
    assert daraja.answer(action="cancel").json["resultCode"] == 1032
    result = daraja.callback(checkout)
    assert (result["ResultCode"], result["ResultDesc"]) == (1032, "Request cancelled by user")
    assert "CallbackMetadata" not in result


def test_a_wrong_pin_is_2001(daraja: Daraja) -> None:
    """The owner types another PIN than the phone's."""
    daraja.subscriber(pin="9876")
    checkout = daraja.pushed()
    assert daraja.answer(pin="1234").json["resultCode"] == 2001
    assert daraja.callback(checkout)["ResultDesc"] == "The initiator information is invalid."
    assert daraja.phone()["balance"] == 10_000


def test_too_little_money_is_1(daraja: Daraja) -> None:
    """The PIN is right and the balance is a shilling short."""
    daraja.subscriber(balance=9)
    daraja.pushed()
    assert daraja.answer().json["resultCode"] == 1
    assert daraja.phone()["balance"] == 9


def test_the_last_shilling_can_be_spent(daraja: Daraja) -> None:
    """A balance of exactly the amount pays."""
    daraja.subscriber(balance=10)
    daraja.pushed()
    assert daraja.answer().json["resultCode"] == 0
    assert daraja.phone()["balance"] == 0


def test_an_unanswered_prompt_ends_with_1037_after_60_seconds(daraja: Daraja) -> None:
    """Callback and query know at the same moment, in different words."""
    checkout = daraja.pushed()
    daraja.advance(59)
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    daraja.advance(1)
    assert daraja.callback(checkout)["ResultDesc"] == "No response from user."
    answer = daraja.query(checkout).json
    assert (answer["ResultCode"], answer["ResultDesc"]) == ("1037", "DS timeout user cannot be reached.")
    assert daraja.sent_after(checkout) == [60]
    assert daraja.prompts() == []


def test_prompts_can_live_shorter(start_daraja: StartDaraja) -> None:
    """`prompt_seconds` is how long a prompt waits, in real time as well."""
    daraja = start_daraja(prompt_seconds=0.2)
    assert daraja.callback(daraja.pushed())["ResultCode"] == 1037


@pytest.mark.parametrize(
    ("behaviour", "code"), [("pay", 0), ("cancel", 1032), ("wrong_pin", 2001), ("insufficient", 1)]
)
def test_a_habit_answers_after_its_delay(daraja: Daraja, behaviour: str, code: int) -> None:
    """A phone with a habit shows the prompt and answers it by itself after `delaySeconds`."""
    daraja.subscriber(behaviour=behaviour, delaySeconds=7)
    checkout = daraja.pushed()
    daraja.advance(6)
    assert len(daraja.prompts()) == 1
    daraja.advance(1)
    assert daraja.callback(checkout)["ResultCode"] == code
    assert daraja.sent_after(checkout) == [7]
    assert len(daraja.journal["charges"]) == (1 if code == 0 else 0)


def test_a_habit_takes_a_second_by_default(daraja: Daraja) -> None:
    """Without `delaySeconds` a phone answers like the known numbers."""
    daraja.subscriber(behaviour="pay")
    checkout = daraja.pushed()
    daraja.advance(1)
    assert daraja.callback(checkout)["ResultCode"] == 0


def test_ignoring_is_1037_at_the_prompt_s_end(daraja: Daraja) -> None:
    """A phone that ignores shows the prompt for 60 s."""
    daraja.subscriber(behaviour="ignore")
    checkout = daraja.pushed()
    assert len(daraja.prompts()) == 1
    daraja.advance(60)
    assert daraja.callback(checkout)["ResultCode"] == 1037
    assert daraja.sent_after(checkout) == [60]


def test_an_unreachable_phone_is_known_to_the_query_first(daraja: Daraja) -> None:
    """No prompt appears; the query is final at 14 s, the callback comes at 26 s, the phone is free at 14 s."""
    daraja.subscriber(behaviour="unreachable")
    checkout = daraja.pushed()
    assert daraja.prompts() == []
    daraja.advance(13)
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    assert daraja.push().status == 500
    daraja.advance(1)
    assert daraja.query(checkout).json["ResultCode"] == "1037"
    assert daraja.receiver.received == []
    daraja.advance(12)
    assert daraja.callback(checkout)["ResultCode"] == 1037
    assert daraja.sent_after(checkout) == [26]


def test_a_delay_beyond_the_prompt_s_life_is_no_answer(daraja: Daraja) -> None:
    """Whoever answers too late has not answered."""
    daraja.subscriber(behaviour="pay", delaySeconds=90)
    checkout = daraja.pushed()
    daraja.advance(100)
    assert [result["ResultCode"] for result in daraja.receiver.results(checkout)] == [1037]
    assert daraja.journal["charges"] == []


def test_a_hand_can_be_faster_than_the_habit(daraja: Daraja) -> None:
    """A prompt that was answered by hand is not answered again."""
    daraja.subscriber(behaviour="pay", delaySeconds=5)
    checkout = daraja.pushed()
    daraja.answer(action="cancel")
    daraja.advance(10)
    assert [result["ResultCode"] for result in daraja.receiver.results(checkout)] == [1032]
    assert daraja.journal["charges"] == []


def test_a_habit_that_was_dropped_leaves_the_prompt_to_the_hand(daraja: Daraja) -> None:
    """Changing a phone to manual while its prompt is open stops what it would have done."""
    daraja.subscriber(behaviour="pay", delaySeconds=5)
    daraja.pushed()
    daraja.subscriber(behaviour="manual")
    daraja.advance(10)
    assert len(daraja.prompts()) == 1


def test_a_subscriber_keeps_what_is_not_mentioned(daraja: Daraja) -> None:
    """Posting a phone again changes the given fields only."""
    daraja.subscriber(balance=500.5, pin="4321", behaviour="cancel", delaySeconds=3)
    changed = daraja.subscriber(balance=20)
    assert (changed["balance"], changed["behaviour"], changed["delaySeconds"]) == (20, "cancel", 3)
    daraja.subscriber(behaviour="manual")
    daraja.pushed()
    assert daraja.answer(pin="4321").json["resultCode"] == 0


def test_a_new_phone_without_money_says_so_by_its_habit(daraja: Daraja) -> None:
    """A phone made as `insufficient` has nothing, unless a balance is given."""
    assert daraja.subscriber(behaviour="insufficient")["balance"] == 0
    assert daraja.subscriber("254722000009", behaviour="insufficient", balance=5)["balance"] == 5


def test_the_number_may_be_typed_as_people_do(daraja: Daraja) -> None:
    """A phone is the same under 07…, +254… and spaces."""
    assert daraja.subscriber("0722 000 001", balance=77)["msisdn"] == PHONE
    assert daraja.call("GET", "/sim/api/prompts?msisdn=%2B254722000001").json["prompts"] == []
    daraja.pushed()
    assert len(daraja.prompts("0722000001")) == 1


def test_above_the_maximum_is_3(daraja: Daraja) -> None:
    """More than 250,000 in one payment is declined after the PIN."""
    daraja.subscriber(balance=400_000)
    daraja.pushed(amount=250_001)
    answer = daraja.answer().json
    assert answer["resultCode"] == 3
    assert answer["resultDesc"] == "Declined due to limit rule: greater than the maximum transaction amount."


def test_above_the_day_s_limit_is_4(daraja: Daraja) -> None:
    """500,000 a day of Nairobi, and a new day starts from nothing."""
    daraja.subscriber(balance=1_000_000)
    for amount, code in ((250_000, 0), (250_000, 0), (1, 4)):
        daraja.pushed(amount=amount)
        assert daraja.answer().json["resultCode"] == code
    daraja.advance(86_400)
    daraja.new_token()
    daraja.pushed(amount=1)
    assert daraja.answer().json["resultCode"] == 0


def test_the_day_s_limit_can_be_lifted(start_daraja: StartDaraja) -> None:
    """With a limit of 0 only the balance counts."""
    daraja = start_daraja(daily_limit=0)
    daraja.subscriber(balance=1_000_000)
    for _ in range(3):
        daraja.pushed(amount=250_000)
        assert daraja.answer().json["resultCode"] == 0


def test_the_same_amount_again_can_be_17(start_daraja: StartDaraja) -> None:
    """With the rule on, the same amount within two minutes is limited; another amount, or later, is not."""
    daraja = start_daraja(same_amount_rule=True)
    daraja.pushed()
    assert daraja.answer().json["resultCode"] == 0
    daraja.pushed()
    answer = daraja.answer().json
    assert (answer["resultCode"], answer["resultDesc"]) == (17, "Rule limited.")
    daraja.pushed(amount=11)
    assert daraja.answer().json["resultCode"] == 0
    daraja.advance(120)
    daraja.pushed()
    assert daraja.answer().json["resultCode"] == 0


def test_the_same_amount_again_is_fine_by_default(daraja: Daraja) -> None:
    """The rule is off unless it is switched on."""
    for _ in range(2):
        daraja.pushed()
        assert daraja.answer().json["resultCode"] == 0


def test_the_payer_gets_the_paybill_s_message(daraja: Daraja) -> None:
    """The SMS is M-PESA's to the space, with the receipt of the charge."""
    daraja.subscriber(balance=1_250.5)
    daraja.pushed(amount=1_000)
    daraja.answer()
    (message,) = daraja.phone()["messages"]
    receipt = daraja.journal["charges"][0]["receipt"]
    assert message["from"] == "MPESA"
    assert message["ownWording"] is False
    text = re.sub(r"\d{1,2}/\d{1,2}/\d\d at \d{1,2}:\d\d [AP]M", "WHEN", message["text"])
    assert text == (
        f"{receipt} Confirmed. Ksh1,000.00 sent to POKEA DEMO for account BK-1001 on WHEN "
        "New M-PESA balance is Ksh250.50. Transaction cost, Ksh0.00.Amount you can transact within the day is "
        "499,000.00. Save frequent paybills for quick payment on M-PESA app https://bit.ly/mpesalnk"
    )


def test_the_poor_get_a_message_without_a_receipt(daraja: Daraja) -> None:
    """Not enough money is told with the balance."""
    daraja.subscriber(balance=20.5)
    daraja.pushed(amount=50)
    daraja.answer()
    assert daraja.phone()["messages"][0]["text"] == (
        "Failed. You do not have enough money in your M-PESA account to pay Ksh50.00 to POKEA DEMO. "
        "Your M-PESA balance is Ksh20.50.  Dial *334# to register for the M-PESA overdraw Services Fuliza."
    )


def test_a_wrong_pin_is_told_in_our_own_words(daraja: Daraja) -> None:
    """No text of M-PESA's is known for a wrong PIN, so the message is marked as ours."""
    daraja.pushed()
    daraja.answer(pin="0000")
    (message,) = daraja.phone()["messages"]
    assert message["ownWording"] is True


def test_a_cancelled_or_unanswered_push_sends_no_message(daraja: Daraja) -> None:
    """None is known, so none is made up."""
    daraja.pushed()
    daraja.answer(action="cancel")
    daraja.pushed()
    daraja.advance(60)
    assert daraja.phone()["messages"] == []


def test_only_the_latest_messages_are_kept(daraja: Daraja) -> None:
    """A phone keeps twenty messages."""
    for _ in range(22):
        daraja.pushed()
        daraja.answer()
    assert len(daraja.phone()["messages"]) == 20
