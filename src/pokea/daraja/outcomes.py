"""What a request to Daraja came to. These are values: no outcome of a request is an exception.

Texts in them are masked. Ids that contain the payer's number (daraja: identifiers) and addresses that carry a token
stay out of their printed form.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from pokea.errors import Fault
from pokea.money import MAXIMUM_SHILLINGS

LONGEST_REFERENCE = 12
LONGEST_DESCRIPTION = 13
_MSISDN = re.compile(r"254[17][0-9]{8}")


@dataclass(frozen=True, slots=True)
class PushOrder:
    """One prompt to be sent: to whom, how much in whole shillings, and the address for the outcome.

    Raises ValueError when a field is not what Daraja takes (daraja: STK push request): its maker has not done its work.
    """

    msisdn: str = field(repr=False)
    amount_shillings: int
    callback_url: str = field(repr=False)
    account_reference: str
    description: str

    def __post_init__(self) -> None:
        if not _MSISDN.fullmatch(self.msisdn):
            raise ValueError("a push needs the twelve digits of a Kenyan mobile number")
        if not 1 <= self.amount_shillings <= MAXIMUM_SHILLINGS:
            raise ValueError(f"a push cannot ask for {self.amount_shillings} shillings")
        if not 1 <= len(self.account_reference) <= LONGEST_REFERENCE:
            raise ValueError(f"an account reference has 1 to {LONGEST_REFERENCE} characters")
        if not 1 <= len(self.description) <= LONGEST_DESCRIPTION:
            raise ValueError(f"a description has 1 to {LONGEST_DESCRIPTION} characters")


@dataclass(frozen=True, slots=True)
class Accepted:
    """Daraja took the push and will try to prompt; nothing is paid yet (daraja: STK push accepted)."""

    checkout_request_id: str = field(repr=False)
    merchant_request_id: str
    customer_message: str


@dataclass(frozen=True, slots=True)
class SubmissionRefused:
    """The push did nothing, for certain.

    `code` is Daraja's, empty where Daraja did not answer; `reason` is a slug of `codes.reason_meaning`;
    `temporary`: the same order may be taken in a minute, with nothing changed.
    """

    code: str
    message: str
    reason: str
    fault: Fault
    temporary: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """A prompt may be on the phone; this push is never sent again (law: push)."""

    why: str


PushOutcome: TypeAlias = Accepted | SubmissionRefused | Unknown


@dataclass(frozen=True, slots=True)
class Answered:
    """A query's result: `code` is its ResultCode as text, any but 4999."""

    code: str
    description: str
    checkout_request_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Silent:
    """A query without an answer, which says nothing about the payment (law: inquiries).

    `limited`: we ask too often. `wrong_credentials`: our passkey or shortcode is wrong (daraja: push errors).
    """

    why: str
    limited: bool = False
    wrong_credentials: bool = False


QueryOutcome: TypeAlias = Answered | Silent
