"""Daraja's own look at a push and at a query, field by field in its order (daraja: STK push request; daraja: push
validation errors; daraja: validation order)."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from pokea.daraja import wire
from pokea.simulator import canned
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.options import SimulatorOptions

PAYBILL: Final = "CustomerPayBillOnline"
TILL: Final = "CustomerBuyGoodsOnline"
_LONGEST_URL: Final = 2_000
_LONGEST_REFERENCE: Final = 200
_UNREAD: Final = canned.bad_field("BusinessShortCode")
_MAY_BE_NUMBERS: Final = frozenset({"BusinessShortCode", "Amount", "PartyA", "PartyB", "PhoneNumber"})
_BANNED_IN_PRODUCTION: Final = re.compile(
    r"m-?pesa|safaricom|exec?|cmd|sql|query|ngrok|mockbin|requestbin", re.IGNORECASE
)


class PushFields(NamedTuple):
    """A push that passed the look."""

    shortcode: str
    password: str
    timestamp: str
    transaction_type: str
    amount_shillings: int
    party_b: str
    msisdn: str
    callback_url: str
    account_reference: str


class QueryFields(NamedTuple):
    """A query that passed the look."""

    shortcode: str
    password: str
    timestamp: str
    checkout_request_id: str


def read_push(content_type: str, body: bytes, options: SimulatorOptions) -> PushFields | EnvelopeError:
    """The push in `body`, or the first thing that Daraja would name as wrong."""
    message = json_object(content_type, body)
    if isinstance(message, EnvelopeError):
        return message
    fields = _Fields(message, options)
    for name, good in _PUSH_CHECKS:
        if not good(fields.text(name), options):
            return canned.bad_field(name)
    if fields.text("TransactionDesc") is None and options.missing_description == "refused":
        return canned.bad_field("Remarks")
    text = fields.known
    return PushFields(
        shortcode=text("BusinessShortCode"),
        password=text("Password"),
        timestamp=text("Timestamp"),
        transaction_type=text("TransactionType"),
        amount_shillings=int(text("Amount")),
        party_b=text("PartyB"),
        msisdn=text("PhoneNumber"),
        callback_url=text("CallBackURL"),
        account_reference=text("AccountReference")[:_LONGEST_REFERENCE],
    )


def read_query(content_type: str, body: bytes, options: SimulatorOptions) -> QueryFields | EnvelopeError:
    """The query in `body`, or the first thing that Daraja would name as wrong."""
    message = json_object(content_type, body)
    if isinstance(message, EnvelopeError):
        return message
    fields = _Fields(message, options)
    for name, good in _QUERY_CHECKS:
        if not good(fields.text(name), options):
            return canned.bad_field(name)
    text = fields.known
    return QueryFields(text("BusinessShortCode"), text("Password"), text("Timestamp"), text("CheckoutRequestID"))


def named_in(body: bytes, field: str) -> str | None:
    """The text of one field of a body that may be anything, for faults that are meant for one phone."""
    try:
        message = wire.decode_any(body)
    except wire.Unreadable:
        return None
    value = message.get(field) if isinstance(message, dict) else None
    return str(value) if isinstance(value, str | int) else None


def json_object(content_type: str, body: bytes, first: EnvelopeError = _UNREAD) -> dict[str, Any] | EnvelopeError:
    """The body's object, or its refusal; a form meets `first`, since nothing was read (daraja: push validation
    errors)."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return first
    try:
        message = wire.decode_any(body)
    except wire.Unreadable:
        return canned.INVALID_PAYLOAD
    return message if isinstance(message, dict) else canned.INVALID_PAYLOAD


class _Fields:
    def __init__(self, message: dict[str, Any], options: SimulatorOptions) -> None:
        self._message = message
        self._numbers = _MAY_BE_NUMBERS if options.request_types == "both" else frozenset({"BusinessShortCode"})

    def text(self, name: str) -> str | None:
        """The field as text; None when it is missing or of another type than Daraja takes."""
        value = self._message.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and name in self._numbers:
            return str(value)
        return None

    def known(self, name: str) -> str:
        """The field that a check has found to be there."""
        return self.text(name) or ""


Check: TypeAlias = Callable[[str | None, SimulatorOptions], bool]
"""Whether Daraja takes a field; None: it is missing, or of another type."""


def matches(pattern: str) -> Check:
    """The check that the whole text is of a form."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda text, options: text is not None and compiled.fullmatch(text) is not None


def _is_base64(text: str | None, options: SimulatorOptions) -> bool:
    try:
        return bool(base64.b64decode(text or "", validate=True))
    except (binascii.Error, ValueError):
        return False


def _is_timestamp(text: str | None, options: SimulatorOptions) -> bool:
    if text is None or not re.fullmatch(r"\d{14}", text, re.ASCII):
        return False
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007  # only whether it is a date; the zone is not checked
    except ValueError:
        return False
    return True


def _is_transaction_type(text: str | None, options: SimulatorOptions) -> bool:
    return text == PAYBILL or (text == TILL and options.buy_goods == "accepted")


def is_callback_url(text: str | None, options: SimulatorOptions) -> bool:
    """What the observations of `daraja: push validation errors` come to; the longest address is ours."""
    if text is None or len(text) > _LONGEST_URL or not text.isascii() or re.search(r"[\s<>]", text):
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host:
        return False
    if options.callback_url == "any":
        return True
    if host == "localhost" or re.search("[A-Z]", parts.netloc):
        return False
    return options.callback_url == "sandbox" or (
        parts.scheme == "https" and not _BANNED_IN_PRODUCTION.search(text.partition("://")[2])
    )


MSISDN: Final = matches(r"254[17]\d{8}")
SHORTCODE: Final = matches(r"\d{5,7}")
PRESENT: Final = matches(r"(?s:.+)")

_PUSH_CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("BusinessShortCode", SHORTCODE),
    ("Password", _is_base64),
    ("Timestamp", _is_timestamp),
    ("TransactionType", _is_transaction_type),
    ("Amount", matches(r"0*[1-9]\d{0,8}")),
    ("PartyA", MSISDN),
    ("PartyB", SHORTCODE),
    ("PhoneNumber", MSISDN),
    ("CallBackURL", is_callback_url),
    ("AccountReference", PRESENT),
)
_QUERY_CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("BusinessShortCode", SHORTCODE),
    ("Password", _is_base64),
    ("Timestamp", _is_timestamp),
    ("CheckoutRequestID", PRESENT),
)
