"""The Result that B2C, reversal, transaction status and account balance send to a ResultURL (daraja: B2C result), and
the acknowledgement that comes before it."""

from typing import TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pokea.daraja.wire import encode


class Acknowledgement(Struct):
    """A request taken for processing, never "paid" (daraja: B2C acknowledgement): the same for all four APIs, and all
    text. The client survives a number, or nothing, where only ConversationID and ResponseCode count."""

    OriginatorConversationID: str | int | None = ""
    ConversationID: str = ""
    ResponseCode: str | int = ""
    ResponseDescription: str | int | None = ""


class ResultItem(Struct):
    """One named value of a Result; `Value` may be missing altogether (daraja: transaction status)."""

    Key: str
    Value: Raw | UnsetType = UNSET


class ParameterList(Struct):
    """The values of a Result: a list of them, or a single one (daraja: B2C result)."""

    ResultParameter: list[ResultItem] | ResultItem = msgspec.field(default_factory=list)


class ReferenceList(Struct):
    """What belongs to the request: one item, or a list of them (daraja: B2C result)."""

    ReferenceItem: list[ResultItem] | ResultItem = msgspec.field(default_factory=list)


# Inside ResultContent the names are the fields', and no longer the types'.
_Parameters: TypeAlias = ParameterList | UnsetType
_References: TypeAlias = ReferenceList | UnsetType


class ResultContent(Struct):
    """The outcome of one request (daraja: B2C result). `ResultCode` is a number, or text where it has letters."""

    ResultType: int | str
    ResultCode: int | str
    ResultDesc: str
    OriginatorConversationID: str
    ConversationID: str
    TransactionID: str
    ResultParameters: _Parameters = UNSET
    ReferenceData: _References = UNSET


class ResultEnvelope(Struct):
    """The wrapping of a Result."""

    Result: ResultContent


def result_item(key: str, value: str | int | None = None, *, decimal: str = "") -> ResultItem:
    """A named value as text or as a whole number, or as the number that `decimal` writes; without all, only its
    name."""
    if decimal:
        return ResultItem(key, Raw(decimal.encode()))
    return ResultItem(key) if value is None else ResultItem(key, Raw(encode(value)))
