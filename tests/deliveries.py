"""Callbacks as Daraja posts them (daraja: STK callback success; daraja: STK callback failure), at the payment's own
address or elsewhere."""

import json
from typing import Any

from msgspec.structs import replace

from pokea.clock import Instant
from pokea.daraja.callback import read_callback
from pokea.operations.evidence import Delivery
from pokea.operations.tokens import PaymentTokens
from pokea.payments.flow import PaymentFlow
from pokea.redact import Secret
from tests.payment_rows import new_payment

TOKENS = PaymentTokens(Secret("a-key-for-tests-only-of-32-characters"))
FLOW = PaymentFlow(TOKENS.proves)
RECEIPT = "UE4JS31RBV"


def checkout_of(payment_id: str) -> str:
    """The id that Daraja gave to the payment's push."""
    return f"ws_CO_{payment_id}"


def pushed_payment(payment_id: str, **values: Any) -> Any:
    """A payment whose push Daraja has accepted; its row says nothing of it yet."""
    return new_payment(payment_id, **values)


def callback_body(checkout_request_id: str, code: int, receipt: str = RECEIPT, amount: int = 500) -> bytes:
    """The body of a callback: metadata come with a success only."""
    callback: dict[str, Any] = {
        "MerchantRequestID": "4ddd-4866-824e-3f944c695ba350353555",
        "CheckoutRequestID": checkout_request_id,
        "ResultCode": code,
        "ResultDesc": "The service request is processed successfully." if code == 0 else "Request cancelled by user",
    }
    if code == 0:
        items = {"Amount": amount, "MpesaReceiptNumber": receipt, "TransactionDate": 20260504210428}
        callback["CallbackMetadata"] = {"Item": [{"Name": name, "Value": value} for name, value in items.items()]}
    return json.dumps({"Body": {"stkCallback": callback}}).encode()


def delivery(
    payment_id: str,
    code: int = 0,
    received_at: Instant = 5_000_000,
    *,
    receipt: str = RECEIPT,
    amount: int = 500,
    is_bare: bool = False,
    checkout_request_id: str | None = None,
) -> Delivery:
    """A callback at the payment's own address, or at the bare one."""
    body = callback_body(checkout_request_id or checkout_of(payment_id), code, receipt, amount)
    reading = read_callback(body)
    assert reading is not None
    if is_bare:
        return Delivery("", reading, body, received_at)
    return Delivery(TOKENS.callback_token(payment_id), reading, body, received_at, payment_id)


def delivery_by_token(payment_id: str, code: int = 0, received_at: Instant = 5_000_000) -> Delivery:
    """A callback at the address that a payment had before version 3.3, with its token alone."""
    return replace(delivery(payment_id, code, received_at), payment_id=None)
