"""What `/sim/api` takes: each body as a type, and a refusal that names the field for anything else."""

import re
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request

from pokea.errors import ApiError, FieldError, invalid
from pokea.money import cents_from_decimal
from pokea.phone import InvalidPhone, parse_phone
from pokea.simulator.faults import FaultKind
from pokea.simulator.handset import Behaviour
from pokea.simulator.http.bodies import LONGEST_BODY_BYTES, read_body

_LONGEST_SECONDS: Final = 10 * 366 * 86_400

Pin = Annotated[str, Meta(pattern=r"^[0-9]{4}\Z")]
Shillings = Annotated[float, Meta(ge=0, le=1e9)]
Span = Annotated[float, Meta(ge=0, le=_LONGEST_SECONDS)]


class SubscriberOrder(Struct, forbid_unknown_fields=True, rename="camel"):
    """`POST /sim/api/subscribers`; what is left out stays as it is, or takes its default on a new phone."""

    msisdn: str | int
    balance: Shillings | UnsetType = UNSET
    pin: Pin | UnsetType = UNSET
    behaviour: Behaviour | UnsetType = UNSET
    delay_seconds: Span | UnsetType = UNSET
    name: Annotated[str, Meta(min_length=1, max_length=60)] | UnsetType = UNSET


class AnswerOrder(Struct, forbid_unknown_fields=True, rename="camel"):
    """`POST /sim/api/prompts/{id}/answer`."""

    action: Literal["pay", "cancel"]
    pin: Pin | UnsetType = UNSET


class FaultOrder(Struct, forbid_unknown_fields=True, rename="camel"):
    """`POST /sim/api/faults`."""

    kind: FaultKind
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    count: Annotated[int, Meta(ge=1)] | None = None
    msisdn: str | int | None = None
    seconds: Span | None = None
    path: str | None = None
    when: Literal["before", "after"] | None = None


class ClockOrder(Struct, forbid_unknown_fields=True, rename="camel"):
    """`POST /sim/api/clock`."""

    advance_seconds: Span


class AccountsOrder(Struct, forbid_unknown_fields=True):
    """`POST /sim/api/accounts`: what the accounts hold from now on; one that is left out stays as it is."""

    utility: Shillings | UnsetType = UNSET
    merchant: Shillings | UnsetType = UNSET
    working: Shillings | UnsetType = UNSET
    settlement: Shillings | UnsetType = UNSET
    charges: Annotated[float, Meta(ge=-1e9, le=0)] | UnsetType = UNSET


class SweepOrder(Struct, forbid_unknown_fields=True):
    """`POST /sim/api/accounts/sweep`."""

    account: Literal["utility", "merchant"] = "utility"


class ReversalOrder(Struct, forbid_unknown_fields=True):
    """`POST /sim/api/reversals`."""

    receipt: Annotated[str, Meta(pattern=r"^[A-Z0-9]{8,12}\Z")]


Order = TypeVar("Order", SubscriberOrder, AnswerOrder, FaultOrder, ClockOrder, AccountsOrder, SweepOrder, ReversalOrder)

_CHOICES: Final = {
    "kind": ", ".join(FaultKind),
    "behaviour": ", ".join(Behaviour),
    "action": "pay, cancel",
    "when": "before, after",
    "account": "utility, merchant",
}
_FORMS: Final = {
    "pin": "pin: the four digits of a PIN, as text.",
    "receipt": "receipt: 8 to 12 capital letters and digits.",
}
_AT: Final = re.compile(r" - at `\$\.([A-Za-z]+)`$")
_QUOTED: Final = re.compile(r"field `([A-Za-z_]+)`")


async def read_order(request: Request, kind: type[Order]) -> Order:
    """The request's body as an order; raises ApiError, naming the field that is wrong."""
    body = await read_body(request)
    if body is None:
        raise ApiError("too_large", f"The body is larger than {LONGEST_BODY_BYTES} bytes.")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as failure:
        raise _refusal(str(failure)) from None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise ApiError("malformed_body", "The body is not a JSON object.") from None


def _refusal(complaint: str) -> ApiError:
    found = _AT.search(complaint) or _QUOTED.search(complaint)
    if found is None:
        return ApiError("malformed_body", f"{complaint}.")
    name = found.group(1)
    message = f"{name}: {_AT.sub('', complaint)}."
    if name in _FORMS and "missing" not in complaint:
        message = _FORMS[name]
    if name in _CHOICES and "missing" not in complaint:
        message += f" There are: {_CHOICES[name]}."
    return ApiError("invalid_request", message, (FieldError(name, message),))


def msisdn_of(value: str | int) -> str:
    """The twelve digits of a phone that was sent or asked for; raises ApiError."""
    try:
        return parse_phone(str(value)).msisdn
    except InvalidPhone as failure:
        raise invalid("msisdn", str(failure)) from None


def cents_of(field: str, shillings: float) -> int:
    """The cents of a balance that was sent in `field`; raises ApiError for a fraction of a cent."""
    cents = cents_from_decimal(repr(shillings))
    if cents is None:
        raise invalid(field, f"{field}: shillings with two decimals at most.")
    return cents


def name_of(text: str) -> str:
    """A registered name that was sent, its blanks made single; raises ApiError for what no screen can print."""
    name = " ".join(text.split())
    if not name or not name.isprintable():
        raise invalid("name", "name: letters, digits and signs that can be printed.")
    return name
