"""The callbacks of one payment: their bodies (daraja: STK callback success; daraja: STK callback failure), and which go
out when (law: simulator)."""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from msgspec import Raw, Struct

from pokea.clock import Instant, daraja_timestamp, seconds
from pokea.daraja import wire
from pokea.money import CENTS
from pokea.simulator import results
from pokea.simulator.faults import DEFAULT_SECONDS, FaultKind
from pokea.simulator.handset import Charge
from pokea.simulator.options import CallbackOrder, SimulatorOptions


class _Valueless(Struct):
    """A metadata item without its `Value` key, which the wire's own type reads but cannot write."""

    Name: str


CallbackContent = Literal["true", "a shilling more", "another receipt", "no response"]
"""What a callback says: the truth, the truth with a wrong Amount or Receipt, or 1037 whatever happened."""


CallbackKind = Literal["callback", "result", "timeout notice"]
"""Of a payment; of a request for money out or a question; to such a request's QueueTimeOutURL."""


class PlannedCallback(NamedTuple):
    """One sending of one callback, Result or timeout notice."""

    reference: str
    """The CheckoutRequestID of the payment, or the ConversationID of the request."""
    url: str
    shortcode: str
    body: bytes
    due: Instant
    attempt: int = 0
    kind: CallbackKind = "callback"

    def headers(self) -> dict[str, str]:
        """What Safaricom sends along (daraja: callback request); nothing in it proves anything."""
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        return headers | ({"Businessshortcode": self.shortcode} if self.kind == "callback" else {})


AT_PUSH: Final = (FaultKind.CALLBACK_EARLY, FaultKind.CALLBACK_THEN_SUCCESS)
"""What has to be known before the push is answered."""
AT_END: Final = (FaultKind.CALLBACK_LOST, FaultKind.CALLBACK_LATE, FaultKind.CALLBACK_TWICE)
AT_SUCCESS: Final = (*AT_END, FaultKind.CALLBACK_AMOUNT, FaultKind.CALLBACK_RECEIPT, FaultKind.CALLBACK_THEN_SUCCESS)

STANDING: Final[dict[CallbackOrder, FaultKind]] = {
    "early": FaultKind.CALLBACK_EARLY,
    "late": FaultKind.CALLBACK_LATE,
    "never": FaultKind.CALLBACK_LOST,
    "twice": FaultKind.CALLBACK_TWICE,
    "then_success": FaultKind.CALLBACK_THEN_SUCCESS,
}
"""The option that stands for each fault."""


def plan(kind: FaultKind | None, after_seconds: float | None, due: Instant) -> list[tuple[Instant, CallbackContent]]:
    """When a payment's callbacks go out and what they say, under the fault that met it."""
    span = seconds(DEFAULT_SECONDS.get(kind, 0.0) if kind and after_seconds is None else after_seconds or 0.0)
    match kind:
        case FaultKind.CALLBACK_LOST:
            return []
        case FaultKind.CALLBACK_LATE:
            return [(due + span, "true")]
        case FaultKind.CALLBACK_TWICE:
            return [(due, "true"), (due + span, "true")]
        case FaultKind.CALLBACK_AMOUNT | FaultKind.CALLBACK_RECEIPT:
            return [(due, "a shilling more" if kind is FaultKind.CALLBACK_AMOUNT else "another receipt")]
        case FaultKind.CALLBACK_THEN_SUCCESS:
            return [(due, "no response"), (due + span, "true")]
        case _:
            return [(due, "true")]


def rendered(charge: Charge, truth: CallbackContent, others: Sequence[Charge]) -> Charge:
    """The charge as a callback tells it; `others` are all charges, of which a wrong receipt is the first other one."""
    if truth == "a shilling more":
        return charge._replace(amount_cents=charge.amount_cents + CENTS)
    if truth == "another receipt":
        return charge._replace(receipt=next((each.receipt for each in others if each != charge), charge.receipt))
    return charge


def body(
    merchant_request_id: str,
    checkout_request_id: str,
    code: str,
    charge: Charge | None,
    options: SimulatorOptions,
) -> bytes:
    """The callback's JSON; a charge becomes its metadata."""
    callback = wire.StkCallback(
        MerchantRequestID=merchant_request_id,
        CheckoutRequestID=checkout_request_id,
        ResultCode=results.callback_code(code),
        ResultDesc=results.description(code, "callback", options),
        CallbackMetadata=_metadata(charge, options) if charge else None,
    )
    return wire.encode(wire.CallbackEnvelope(wire.CallbackBody(callback)))


def _metadata(charge: Charge, options: SimulatorOptions) -> wire.CallbackMetadata:
    amount = str(charge.amount_cents // CENTS)
    items: list[Any] = [
        wire.MetadataItem("Amount", Raw((amount if options.amount_form == "1" else f"{amount}.00").encode())),
        wire.MetadataItem("MpesaReceiptNumber", Raw(wire.encode(charge.receipt))),
        wire.MetadataItem("TransactionDate", Raw(daraja_timestamp(charge.at).encode())),
        wire.MetadataItem("PhoneNumber", Raw(charge.msisdn.encode())),
    ]
    if options.balance_item:
        items.insert(2, _Valueless("Balance"))
    return wire.CallbackMetadata(items)
