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
