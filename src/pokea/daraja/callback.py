"""What is posted to a callback address, read without believing it (daraja: STK callback).

A genuine callback takes the fast way, one typed decode. Whatever else arrives takes the tolerant way of
`lenient.py`, so that a body with anything of a payment in it is understood as far as it can be.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from pokea.daraja.fields import (
    JsonNumber,
    clean_cents,
    clean_code,
    clean_date,
    clean_id,
    clean_msisdn,
    clean_receipt,
)
from pokea.daraja.lenient import Parts, find_parts
from pokea.daraja.relayed import unwrapped
from pokea.daraja.wire import CallbackEnvelope, StkCallback

_ENVELOPE = msgspec.json.Decoder(CallbackEnvelope)
_TEXT = msgspec.json.Decoder(str)
_MAYBE_A_PHONE = re.compile(r"\d{9,}")
_NUMBER_STARTS = frozenset(b"%c" % character for character in b"-0123456789")


class CallbackReading(Struct, frozen=True):
    """What a body says about one push; a field that is absent or unfit is None.

    `canonical`: the body has Daraja's own form, `Body.stkCallback` with its keys spelt so (daraja: STK callback
    success). Any other is understood as far as possible and is only ever a claim. `amount_cents` may be a fraction of a
    shilling, which no push asks for.
    """

    code: str | None = None
    checkout_request_id: str | None = None
    merchant_request_id: str | None = None
    amount_cents: int | None = None
    receipt: str | None = None
    transaction_date: str | None = None
    msisdn: str | None = None
    canonical: bool = False

    def __repr__(self) -> str:
        """Only what is nobody's personal data; a code that holds a phone number is no code."""
        code = None if self.code is None else _MAYBE_A_PHONE.sub("****", self.code)
        return f"CallbackReading(code={code!r}, amount_cents={self.amount_cents}, canonical={self.canonical})"


def read_callback(body: bytes) -> CallbackReading | None:
    """What `body` says; None when it is no STK callback at all. Never raises."""
    try:
        callback = _ENVELOPE.decode(body).Body.stkCallback
        parts = _parts(callback)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError):
        return _read_oddly(body)
    reading = _reading(parts)
    return reading if reading != _NOTHING else _read_oddly(body)


def read_relayed(body: bytes, content_encoding: str = "") -> CallbackReading | None:
    """What a body says that `read_callback` cannot read because a relay has packed it; None when it says nothing.

    `content_encoding` is the header of that name. What was only compressed or encoded keeps its worth; what was found
    inside something else is a claim. Never raises.
    """
    for found in unwrapped(body, content_encoding):
        reading = read_callback(found.body)
        if reading is not None:
            return reading if found.verbatim else replace(reading, canonical=False)
    return None


def _parts(callback: StkCallback) -> Parts:
    items = callback.CallbackMetadata.Item if callback.CallbackMetadata is not None else []
    return Parts(
        code=callback.ResultCode,
        checkout_request_id=callback.CheckoutRequestID,
        merchant_request_id=callback.MerchantRequestID,
        items=[(item.Name, _value(item.Value)) for item in items],
        canonical=True,
    )


def _value(raw: Raw) -> str | None:
    """A metadata value: text, or a number as its own text; None for anything else and for no value at all."""
    content = bytes(raw)
    first = content[:1]
    if first in _NUMBER_STARTS:
        return JsonNumber(content.decode())
    return _TEXT.decode(content) if first == b'"' else None


def _read_oddly(body: bytes) -> CallbackReading | None:
    parts = find_parts(body)
    return _reading(parts) if parts is not None else None


def _reading(parts: Parts) -> CallbackReading:
    named: dict[str, Any] = {}
    for name, value in parts.items:
        clean = _CLEAN.get(name)
        if clean is not None:
            found = clean(value)
            # Two values that differ are none, and stay none whatever follows.
            named[name] = found if named.get(name, found) == found else None
    return CallbackReading(
        clean_code(parts.code),
        clean_id(parts.checkout_request_id),
        clean_id(parts.merchant_request_id),
        named.get("Amount"),
        named.get("MpesaReceiptNumber"),
        named.get("TransactionDate"),
        named.get("PhoneNumber"),
        parts.canonical,
    )


_NOTHING = CallbackReading(canonical=True)
_CLEAN: Final[Mapping[str, Callable[[object], int | str | None]]] = {
    "Amount": clean_cents,
    "MpesaReceiptNumber": clean_receipt,
    "TransactionDate": clean_date,
    "PhoneNumber": clean_msisdn,
}
