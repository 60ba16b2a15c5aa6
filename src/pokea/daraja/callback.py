"""What Daraja posts to a callback address, read without believing it."""

from msgspec import Struct


class CallbackReading(Struct, frozen=True):
    """What a body says about one push; a field that is absent or unfit is None.

    `canonical`: the body has Daraja's own form, `Body.stkCallback` with its keys spelt so (reference 3.1). Any other
    is understood as far as possible and is only ever a claim. `amount_cents` may be a fraction of a shilling, which no
    push asks for.
    """

    code: str | None = None
    checkout_request_id: str | None = None
    merchant_request_id: str | None = None
    amount_cents: int | None = None
    receipt: str | None = None
    transaction_date: str | None = None
    msisdn: str | None = None
    canonical: bool = False
