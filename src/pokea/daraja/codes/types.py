"""The forms in which the meaning of a Daraja code is written down; the tables themselves are data beside this file."""

from dataclasses import dataclass
from enum import StrEnum

from pokea.errors import Fault


class Finality(StrEnum):
    """What a result code says about the money (daraja: finality)."""

    PAID = "paid"
    UNPAID = "unpaid"
    NOT_YET = "not_yet"
    AMBIGUOUS = "ambiguous"


class NextStep(StrEnum):
    """What the customer does next after a payment that failed; a page has one button for each."""

    TRY_AGAIN = "try_again"
    ANOTHER_NUMBER = "another_number"
    CONTACT_BUSINESS = "contact_business"


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What to tell the customer, by the reason's slug: what happened, then what to do next.

    `retryable`: the customer may be asked to try again with a new prompt.
    """

    reason: str
    retryable: bool
    customer_en: str
    customer_sw: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """One result code of an STK callback or query.

    `title` is Daraja's own wording in short, `operator` what the code means and what the merchant or the developer
    does, `source` where the facts stand. `fault` is None where nothing went wrong.
    """

    code: str
    title: str
    finality: Finality
    fault: Fault | None
    retryable: bool
    reason: str
    customer_en: str
    customer_sw: str
    operator: str
    source: str


@dataclass(frozen=True, slots=True)
class ErrorMeaning:
    """One error code of Daraja or of its gateway, as the answer to a request.

    `final`: a push answered so has done nothing, for certain (law: push); otherwise what it did is unknown.
    The other fields are those of `Meaning`.
    """

    code: str
    title: str
    final: bool
    fault: Fault
    retryable: bool
    reason: str
    customer_en: str
    customer_sw: str
    operator: str
    source: str


class OutFinality(StrEnum):
    """What a Result's code says about money that was to go out (law: proof of money out)."""

    SUCCESS = "success"
    """It went out, if the rest of the Result proves it."""
    FAILED = "failed"
    """It did not go out, for certain."""
    NEVER = "never final"
    """A known code that says nothing about the money, however often it comes."""
    UNKNOWN = "unknown"
    """No such code is known here, so it says nothing either."""


class MoneyApi(StrEnum):
    """The APIs whose Results have these codes."""

    B2C = "B2C"
    REVERSAL = "reversal"
    STATUS = "transaction status"
    BALANCE = "account balance"


@dataclass(frozen=True, slots=True)
class OutMeaning:
    """One result code of an API of money out.

    `apis` are those that are known to bring it. Of a status or balance question a code only says how the question went,
    never how the money did. `retryable`: another attempt, approved again, may go better with nothing changed by us.
    `is_initiator`: our API operator was refused, which the brake counts (law: money out in detail, 13). The other
    fields are those of `Meaning`; the customer's words are about a refund.
    """

    code: str
    title: str
    apis: tuple[MoneyApi, ...]
    finality: OutFinality
    fault: Fault | None
    retryable: bool
    is_initiator: bool
    customer_en: str
    customer_sw: str
    operator: str
    source: str
