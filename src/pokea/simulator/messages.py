"""Which message a payment's end brings to the phone, and how prompts and messages are printed for the page."""

from typing import Any, Final

from pokea.clock import Instant, iso
from pokea.money import CENTS
from pokea.simulator import results, texts
from pokea.simulator.handset import Charge, HandsetPrompt, SentText, Subscriber
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.validation import TILL, PushFields

_DAY_LIMIT_CENTS: Final = 500_000 * CENTS
"""The day's limit that M-PESA prints (texts: SMS shape)."""


def message_after(
    code: str | None,
    charge: Charge | None,
    fields: PushFields,
    subscriber: Subscriber,
    now: Instant,
    options: SimulatorOptions,
) -> SentText | None:
    """The SMS after the end `code`; None where none is known, as for a cancelled push (texts: failure SMS)."""
    name, balance = options.organisation, subscriber.balance_cents
    if charge is not None:
        left = max(0, _DAY_LIMIT_CENTS - subscriber.paid_today_cents(now))
        receipt, cents, account = charge.receipt, charge.amount_cents, fields.account_reference
        if fields.transaction_type == TILL:
            return SentText(now, texts.till_message(receipt, cents, name, now, balance, left))
        cost = charge.cost_cents
        return SentText(now, texts.paybill_message(receipt, cents, name, account, now, balance, left, cost_cents=cost))
    if code == results.INSUFFICIENT:
        return SentText(now, texts.insufficient_message(fields.amount_shillings * CENTS, name, balance))
    if code == results.WRONG_PIN:
        return SentText(now, texts.WRONG_PIN_MESSAGE, own_wording=True)
    return None


def prompt_document(prompt: HandsetPrompt) -> dict[str, Any]:
    """A prompt as `GET /sim/api/prompts` and the feed print it."""
    return {
        "id": prompt.id,
        "msisdn": prompt.msisdn,
        "amount": prompt.amount_shillings,
        "shortcode": prompt.shortcode,
        "accountReference": prompt.account_reference,
        "checkoutRequestId": prompt.checkout_request_id,
        "expiresAt": iso(prompt.expires_at),
        "text": prompt.text,
    }


def message_document(message: SentText) -> dict[str, Any]:
    """A message as the page prints it; `ownWording` marks a text that is ours and not M-PESA's."""
    return {"from": "MPESA", "text": message.text, "ownWording": message.own_wording, "receivedAt": iso(message.at)}
