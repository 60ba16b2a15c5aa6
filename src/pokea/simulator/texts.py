"""What M-PESA prints on the phone: the prompt (texts: prompt) and the messages (texts: SMS), spacing included."""

from datetime import datetime

from pokea.clock import Instant, nairobi
from pokea.money import CENTS

LONGEST_PROMPT = 182
"""Characters of the whole prompt; a longer one ends with 1025 (daraja: STK push request)."""


def prompt_text(amount_shillings: int, organisation: str, account_reference: str | None) -> str:
    """The prompt as the SIM toolkit shows it; without an account for a till, which is inferred (texts: prompt)."""
    account = f" Account no. {account_reference}?" if account_reference is not None else "."
    return f"Do you want to pay Kshs. {amount_shillings} to {organisation}{account}\nEnter M-PESA PIN:"


def paybill_message(
    receipt: str,
    cents: int,
    organisation: str,
    account: str,
    now: Instant,
    balance_cents: int,
    left_cents: int,
    *,
    cost_cents: int = 0,
) -> str:
    """The payer's message for a paybill (texts: SMS to the payer: sure)."""
    return (
        f"{receipt} Confirmed. Ksh{_money(cents)} sent to {organisation} for account {account} on {_when(now)} "
        f"New M-PESA balance is Ksh{_money(balance_cents)}. Transaction cost, Ksh{_money(cost_cents)}."
        f"Amount you can transact within the day is {_money(left_cents)}. "
        "Save frequent paybills for quick payment on M-PESA app https://bit.ly/mpesalnk"
    )


def till_message(receipt: str, cents: int, organisation: str, now: Instant, balance_cents: int, left_cents: int) -> str:
    """The payer's message for a till (texts: SMS to the payer: up to the balance; the rest by recall)."""
    return (
        f"{receipt} Confirmed. Ksh{_money(cents)} paid to {organisation}. on {_when(now)}."
        f"New M-PESA balance is Ksh{_money(balance_cents)}. Transaction cost, Ksh0.00. "
        f"Amount you can transact within the day is {_money(left_cents)}."
    )


def reversal_message(receipt: str, original_receipt: str, cents: int, now: Instant, balance_cents: int) -> str:
    """The payer's message when a payment is reversed, two spaces before `on` and before `at` (texts: reversal SMS)."""
    moment = nairobi(now)
    return (
        f"{receipt} confirmed. Reversal of transaction {original_receipt} has been successfully reversed  on "
        f"{moment.day}/{moment.month}/{moment:%y}  at {_twelve_hours(moment)} and Ksh{_money(cents)} is credited to "
        f"your M-PESA account. New M-PESA account balance is Ksh{_money(balance_cents)}."
    )


def payout_message(receipt: str, cents: int, organisation: str, now: Instant, balance_cents: int) -> str:
    """The recipient's message for a B2C payment (texts: SMS to the payer: B2C received)."""
    return (
        f"{receipt} Confirmed. You have received Ksh{_money(cents)} from {organisation} on {_when(now)}. "
        f"New M-PESA balance is Ksh{_money(balance_cents)}. Buy goods with M-PESA."
    )


def insufficient_message(cents: int, organisation: str, balance_cents: int) -> str:
    """Not enough money (texts: failure SMS: likely)."""
    return (
        f"Failed. You do not have enough money in your M-PESA account to pay Ksh{_money(cents)} to {organisation}. "
        f"Your M-PESA balance is Ksh{_money(balance_cents)}.  "
        "Dial *334# to register for the M-PESA overdraw Services Fuliza."
    )


def payout_reason(purpose: str) -> str:
    """B2C's reason type (texts: wording): the business payment's alone names the customer."""
    return f"{purpose}{' to Customer' if purpose == 'Business Payment' else ''} via API"


WRONG_PIN_MESSAGE = "Failed. The M-PESA PIN that you entered is wrong. (Wording of the simulator, not of M-PESA.)"
"""Our own: no text of M-PESA's for a wrong PIN was found (texts: failure SMS)."""


def _money(cents: int) -> str:
    return f"{cents // CENTS:,}.{cents % CENTS:02d}"


def _when(instant: Instant) -> str:
    moment = nairobi(instant)
    return f"{moment.day}/{moment.month}/{moment:%y} at {_twelve_hours(moment)}"


def _twelve_hours(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M} {'PM' if moment.hour // 12 else 'AM'}"
