"""Somebody who wants the fee to count as paid without paying, and who knows their own CheckoutRequestID.

Everything here must change nothing but what Daraja is asked: bare addresses, guessed tokens, other people's callbacks,
bodies that say too little, and genuine callbacks told once more.
"""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pokea.api.callback_address import own_name
from pokea.simulator.journal import CallbackEntry

_RECEIPT = "UZZ9FORGED"


class Victim(NamedTuple):
    """A payment of another customer whose address has leaked, by the last part of it, and which was not paid."""

    name: str
    shillings: int


class Forgery(NamedTuple):
    """A body for a callback address; `path` begins after the address."""

    path: str
    body: bytes


def forgeries(
    answer: Mapping[str, Any],
    amount: int,
    msisdn: str,
    callbacks: Sequence[CallbackEntry],
    chance: random.Random,
    victims: Sequence[Victim] = (),
) -> list[Forgery]:
    """What a forger sends after the answer to their own push. `callbacks` are those that Daraja has sent so far."""
    checkout = answer.get("checkoutRequestId") or "ws_CO_01012026000000000700000000"
    paid = _body(checkout, amount, msisdn)
    found = [
        Forgery("", paid),
        Forgery(f"/{chance.randbytes(24).hex()}", paid),
        # The payment's id is no secret: with another token it proves nothing.
        Forgery(f"/{own_name(answer.get('transactionId') or 'pay_1', chance.randbytes(24).hex())}", paid),
        Forgery("", b'{"Body":{"stkCallback":{"CheckoutRequestID":"' + checkout.encode() + b'","ResultCode":0}}}'),
        Forgery("/not-a-token", paid),
    ]
    if callbacks:
        other = chance.choice(callbacks)
        name = urlsplit(other.url).path.rpartition("/")[2]
        # The address of a payment that was never paid is tried below; here only what it came with is repeated.
        found += [Forgery(f"/{name}", other.body), Forgery("", other.body)]
    if victims:
        # A forger with an address, and not the id that Daraja gave its payment, has no proof.
        victim = chance.choice(victims)
        found.append(Forgery(f"/{victim.name}", _body(checkout, victim.shillings, msisdn)))
    chance.shuffle(found)
    return found[: chance.randrange(1, len(found) + 1)]


def _body(checkout_request_id: str, amount: int, msisdn: str) -> bytes:
    items = [
        {"Name": "Amount", "Value": amount},
        {"Name": "MpesaReceiptNumber", "Value": _RECEIPT},
        {"Name": "TransactionDate", "Value": 20260101120000},
        {"Name": "PhoneNumber", "Value": int(msisdn)},
    ]
    callback = {
        "MerchantRequestID": "1-1-1",
        "CheckoutRequestID": checkout_request_id,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": items},
    }
    return json.dumps({"Body": {"stkCallback": callback}}).encode()
