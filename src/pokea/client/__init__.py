"""The client of the API, blocking and asyncio, and the proof of webhooks: for anyone's program.

    from pokea.client import Pokea, verify_webhook

    pokea = Pokea("https://pay.example.com", token=...)
    booking = pokea.bookings.create("Plumbing", amount=500)
    pushed = pokea.payments.push(booking, "0712345678")
    payment = pokea.payments.wait(pushed.transaction_id)

It shares no module with the service. What a name needs is imported when the name is first used, so that a program
which only verifies webhooks loads no HTTP client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pokea.client.answers import Page
    from pokea.client.asynchronous import AsyncPokea
    from pokea.client.blocking import Pokea
    from pokea.client.calls import LEFT
    from pokea.client.endpoint_calls import Resent
    from pokea.client.failures import (
        CallRefused,
        ClientError,
        NoReply,
        NotPokea,
        NotReached,
        RefusedField,
        StillOpen,
        WebhookRefused,
    )
    from pokea.client.models import Booking, BookingFee, Delivery, Link, Payment, PaymentFailure, Push, Webhook
    from pokea.client.tokens import own_tokens, sign_token
    from pokea.client.webhooks import EventData, WebhookEvent, sign_webhook, verify_webhook

_HOMES: Final = {
    "LEFT": "calls",
    "AsyncPokea": "asynchronous",
    "Booking": "models",
    "BookingFee": "models",
    "CallRefused": "failures",
    "ClientError": "failures",
    "Delivery": "models",
    "EventData": "webhooks",
    "Link": "models",
    "NoReply": "failures",
    "NotPokea": "failures",
    "NotReached": "failures",
    "Page": "answers",
    "Payment": "models",
    "PaymentFailure": "models",
    "Pokea": "blocking",
    "Push": "models",
    "RefusedField": "failures",
    "Resent": "endpoint_calls",
    "StillOpen": "failures",
    "Webhook": "models",
    "WebhookEvent": "webhooks",
    "WebhookRefused": "failures",
    "own_tokens": "tokens",
    "sign_token": "tokens",
    "sign_webhook": "webhooks",
    "verify_webhook": "webhooks",
}

__all__ = [
    "LEFT",
    "AsyncPokea",
    "Booking",
    "BookingFee",
    "CallRefused",
    "ClientError",
    "Delivery",
    "EventData",
    "Link",
    "NoReply",
    "NotPokea",
    "NotReached",
    "Page",
    "Payment",
    "PaymentFailure",
    "Pokea",
    "Push",
    "RefusedField",
    "Resent",
    "StillOpen",
    "Webhook",
    "WebhookEvent",
    "WebhookRefused",
    "own_tokens",
    "sign_token",
    "sign_webhook",
    "verify_webhook",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"pokea.client has no {name!r}")
    return getattr(import_module(f"pokea.client.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
