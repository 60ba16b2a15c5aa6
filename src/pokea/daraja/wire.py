"""Every STK message on Daraja's wire, as one definition used by the client and by the simulator.

Types are exactly those of the reference: what is a string there is a string here, what may be either is
either, what may be missing has a default. Decoding never raises anything but `Unreadable`.
"""

import base64
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

SUCCESS = "0"
STILL_PROCESSING = "4999"
"""A query's word for "not yet" (daraja: STK query pending); also seen with "Wrong credentials" (daraja: push
errors)."""


class Unreadable(ValueError):
    """The bytes are not the message they should be."""


class TokenAnswer(Struct):
    """OAuth's answer (daraja: Token request): `expires_in` is seconds, as text or as a number."""

    access_token: str
    expires_in: str | int = ""


class PushRequest(Struct):
    """STK push, as the client sends it (daraja: STK push request)."""

    BusinessShortCode: str
    Password: str
    Timestamp: str
    TransactionType: str
    Amount: str
    PartyA: str
    PartyB: str
    PhoneNumber: str
    CallBackURL: str
    AccountReference: str
    TransactionDesc: str


class PushAnswer(Struct):
    """STK push accepted for processing, never "paid" (daraja: STK push accepted): all text; the client survives a
    number."""

    MerchantRequestID: str = ""
    CheckoutRequestID: str = ""
    ResponseCode: str | int = ""
    ResponseDescription: str = ""
    CustomerMessage: str = ""


class QueryRequest(Struct):
    """STK query (daraja: STK query request and answer)."""

    BusinessShortCode: str
    Password: str
    Timestamp: str
    CheckoutRequestID: str


class QueryAnswer(Struct):
    """STK query's answer (daraja: STK query request and answer): `ResultCode` is text there, a number in the wild."""

    ResponseCode: str | int | None = None
    ResponseDescription: str = ""
    MerchantRequestID: str = ""
    CheckoutRequestID: str = ""
    ResultCode: str | int | None = None
    ResultDesc: str = ""


class ErrorAnswer(Struct):
    """Daraja's error envelope (daraja: error envelope)."""

    errorCode: str
    requestId: str = ""
    errorMessage: str = ""


class FaultDetail(Struct):
    """The part of a gateway fault that names it."""

    errorcode: str = ""


class GatewayFault(Struct):
    """The inside of a gateway fault."""

    faultstring: str = ""
    detail: FaultDetail = msgspec.field(default_factory=FaultDetail)


class FaultAnswer(Struct):
    """The Apigee gateway's own fault (daraja: rate limit fault)."""

    fault: GatewayFault


class MetadataItem(Struct, omit_defaults=True):
    """One named value of a success; `Value` may be missing altogether (daraja: STK callback success, Balance)."""

    Name: str
    Value: Raw = msgspec.field(default_factory=Raw)


class CallbackMetadata(Struct):
    """The named values of a success, in any order."""

    Item: list[MetadataItem] = msgspec.field(default_factory=list)


# Inside StkCallback the name is the field's, and no longer the type's.
_Metadata: TypeAlias = CallbackMetadata | None


class StkCallback(Struct, omit_defaults=True):
    """The outcome of one push (daraja: STK callback success; daraja: STK callback failure)."""

    MerchantRequestID: str | None = None
    CheckoutRequestID: str | None = None
    ResultCode: int | str | None = None
    ResultDesc: str | None = None
    CallbackMetadata: _Metadata = None


class CallbackBody(Struct):
    """The inner wrapping of a callback."""

    stkCallback: StkCallback


class CallbackEnvelope(Struct):
    """The outer wrapping of a callback."""

    Body: CallbackBody


CALLBACK_ACCEPTED = {"ResultCode": 0, "ResultDesc": "Accepted"}
CALLBACK_INVALID = {"ResultCode": 1, "ResultDesc": "Invalid callback"}

T = TypeVar("T")


def decode(body: bytes, message: type[T]) -> T:
    """`body` as a `message`; raises Unreadable, whatever is wrong with it."""
    try:
        return msgspec.json.decode(body, type=message)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as failure:
        raise Unreadable(f"not a {message.__name__}: {type(failure).__name__}") from None


def decode_any(body: bytes) -> Any:
    """`body` as whatever JSON it is; raises Unreadable."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as failure:
        raise Unreadable(f"not JSON: {type(failure).__name__}") from None


def encode(message: Any) -> bytes:
    """A message as JSON."""
    return msgspec.json.encode(message)


def push_password(shortcode: str, passkey: str, timestamp: str) -> str:
    """The Password of a push or a query: base64 of the three, plainly joined (daraja: STK push request)."""
    return base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()


def code_text(code: str | int | None) -> str | None:
    """A code as the text by which codes are compared (daraja: ground rules): `0`, `"0"` and `" 0 "` are one."""
    if code is None:
        return None
    return str(code).strip() or None
