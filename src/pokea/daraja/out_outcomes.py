"""Requests of money out and what they came to, as values: no outcome of a request is an exception (law: sending).

Texts in them are masked. Phones and addresses, which carry tokens, stay out of their printed form.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pokea.daraja.b2c import MINIMUM_SHILLINGS
from pokea.money import MAXIMUM_SHILLINGS

LONGEST_REMARKS: Final = 100
SHORTEST_REMARKS: Final = 2
OutWay: TypeAlias = Literal["b2c", "reversal"]
"""By which API the money went that a question is about, and so from which shortcode (law: words)."""

_MSISDN: Final = re.compile(r"254[17][0-9]{8}")
_ORIGINATOR: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID: Final = re.compile(r"[\x21-\x7e]{1,100}")


@dataclass(frozen=True, slots=True)
class OutAddresses:
    """Where Daraja sends the Result of one request, and where the notice that it took too long."""

    result_url: str = field(repr=False)
    timeout_url: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.result_url or not self.timeout_url:
            raise ValueError("a request of money out needs both addresses")


@dataclass(frozen=True, slots=True)
class B2COrder:
    """One payment to a phone, in whole shillings. Raises ValueError where a field is not what Daraja takes (daraja:
    B2C request): its maker has not done its work."""

    originator_conversation_id: str
    msisdn: str = field(repr=False)
    amount_shillings: int
    addresses: OutAddresses
    remarks: str = "Payment"
    occasion: str = ""

    def __post_init__(self) -> None:
        if not _ORIGINATOR.fullmatch(self.originator_conversation_id):
            raise ValueError("an OriginatorConversationID is a UUID in small letters (law: sending, 2)")
        if not _MSISDN.fullmatch(self.msisdn):
            raise ValueError("B2C needs the twelve digits of a Kenyan mobile number")
        if not MINIMUM_SHILLINGS <= self.amount_shillings <= MAXIMUM_SHILLINGS:
            raise ValueError(f"B2C cannot send {self.amount_shillings} shillings")
        _check_remarks(self.remarks)
        if len(self.occasion) > LONGEST_REMARKS:
            raise ValueError(f"an occasion has at most {LONGEST_REMARKS} characters")


@dataclass(frozen=True, slots=True)
class ReverseOrder:
    """One payment that is taken back, whole, in whole shillings. Raises ValueError where a field is not what Daraja
    takes (daraja: reversal)."""

    receipt: str
    amount_shillings: int
    addresses: OutAddresses
    remarks: str = "Refund"

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.receipt):
            raise ValueError("a reversal needs the receipt of the payment")
        if not 1 <= self.amount_shillings <= MAXIMUM_SHILLINGS:
            raise ValueError(f"a reversal cannot be of {self.amount_shillings} shillings")
        _check_remarks(self.remarks)


@dataclass(frozen=True, slots=True)
class StatusQuestion:
    """What became of one sending: by the id of its request, or by a receipt (law: finding out). Raises ValueError when
    neither is given."""

    way: OutWay
    addresses: OutAddresses
    original_conversation_id: str = ""
    receipt: str = ""

    def __post_init__(self) -> None:
        given = [each for each in (self.original_conversation_id, self.receipt) if each]
        if not given or not all(_ID.fullmatch(each) for each in given):
            raise ValueError("a status question needs the id of the earlier request, or a receipt")


@dataclass(frozen=True, slots=True)
class BalanceQuestion:
    """What the accounts hold from which this way pays: they differ where B2C has a shortcode of its own."""

    way: OutWay
    addresses: OutAddresses


@dataclass(frozen=True, slots=True)
class OutAccepted:
    """Daraja took the request; nothing is paid yet (daraja: B2C acknowledgement). `originator_conversation_id` is ours
    for B2C, Daraja's own for a reversal, and empty where the answer had none."""

    conversation_id: str
    originator_conversation_id: str


@dataclass(frozen=True, slots=True)
class OutRefused:
    """The request did nothing, for certain (law: sending).

    `code` is Daraja's, empty where Daraja did not answer. `reason` is one of `REFUSALS`. `temporary`: the same may be
    taken a minute later, with nothing changed.
    """

    code: str
    message: str
    reason: str
    temporary: bool


@dataclass(frozen=True, slots=True)
class OutUnknown:
    """Money may have gone out; this attempt is never sent again (law: sending). `is_duplicate`: Daraja knows the id
    already."""

    reason: str
    is_duplicate: bool = False


OutOutcome: TypeAlias = OutAccepted | OutRefused | OutUnknown

REFUSALS: Final = {
    "access_refused": "Daraja takes neither the access token nor a fresh one: check consumer key and secret.",
    "v3_forbidden": "The app may not use B2C v3, or our address is unknown for the shortcode: ask Safaricom for both.",
    "field_refused": "Daraja does not take a field of the request, which its message names.",
    "request_refused": "Daraja does not take the request, as its message says.",
    "limited": "We asked more than Daraja's gateway lets through.",
    "unreachable": "No connection to Daraja was made, or no access token was had.",
    "no_credential": "The API operator's password could not be sealed: check MPESA_CERTIFICATE.",
    "not_sent": "The time in which it could be sent was over.",
}
"""Why a request was refused, in a sentence each."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Daraja took the question; its answer comes to the addresses of the question, or never."""

    conversation_id: str
    originator_conversation_id: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Daraja did not take the question, or may not have: no answer follows from that (law: finding out).

    `limited`: we ask too often. `reason` is one of `REFUSALS` where Daraja refused it, else empty.
    """

    why: str
    limited: bool = False
    reason: str = ""


AskOutcome: TypeAlias = Asked | NotAsked


def _check_remarks(remarks: str) -> None:
    if not SHORTEST_REMARKS <= len(remarks) <= LONGEST_REMARKS:
        raise ValueError(f"remarks have {SHORTEST_REMARKS} to {LONGEST_REMARKS} characters")
