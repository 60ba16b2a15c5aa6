"""What can go wrong, whose fault it is, and what to do next.

    PokeaError
    ├── ApiError           The request is refused with a problem of the catalogue
    ├── OutcomeUnknown     The database may have done what it was asked, and may still do it: it was committing, and no
    │                      answer came
    ├── SchemaError        The database's schema is newer than this version, or absent; the message says what to do
    ├── SettingsError      A setting is wrong or missing; the message names it and says what to do
    ├── Unavailable        The database did not do what it was asked, and will not: it is known that nothing was changed
    ├── NotAStatement      The file is not an organisation's statement that can be read; the sentence says what it is or
    │                      what it lacks
    └── TooManyPayments    More payments were made in a statement's time than are matched at once; the sentence says
                           what to do

The catalogue below is the one source of the HTTP problems, of OpenAPI's list and of `docs/errors.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Fault(StrEnum):
    """Whose fault a failure is."""

    CALLER = "caller"
    CUSTOMER = "customer"
    DARAJA = "daraja"
    OURS = "ours"
    UNKNOWN = "outcome unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of failure that a caller can meet: its code, its HTTP status, when it happens and what to do."""

    code: str
    status: int
    fault: Fault
    when: str
    fix: str


_ALL: Final = (
    Problem(
        "invalid_request",
        400,
        Fault.CALLER,
        "A field is missing, malformed or out of range.",
        "Correct the fields listed in `errors` and send again.",
    ),
    Problem(
        "malformed_body",
        400,
        Fault.CALLER,
        "The body is not the JSON object that this call takes.",
        "Send a JSON object with `Content-Type: application/json`.",
    ),
    Problem(
        "amount_mismatch",
        400,
        Fault.CALLER,
        "The amount is not the booking's fee.",
        "Read the booking and send its `bookingFee.amount`.",
    ),
    Problem(
        "idempotency_key_required",
        400,
        Fault.CALLER,
        "The call has no Idempotency-Key, and it may move money.",
        "Send a key of your own, the same one when the call is repeated.",
    ),
    Problem(
        "unauthenticated",
        401,
        Fault.CALLER,
        "The bearer token is missing, expired, or not signed as it must be.",
        "Send `Authorization: Bearer …` with a valid token.",
    ),
    Problem(
        "forbidden",
        403,
        Fault.CALLER,
        "The token lacks the scope that this call needs.",
        "Ask for a token with the scope named in the message.",
    ),
    Problem(
        "money_out_off",
        403,
        Fault.CALLER,
        "Money out is switched off: nothing is requested, approved or changed.",
        "An operator sets POKEA_MONEY_OUT to `on` (docs/settings.md).",
    ),
    Problem(
        "own_request",
        403,
        Fault.CALLER,
        "The caller has asked for this, and another person must approve or confirm it.",
        "Ask another person with the scope `out:approve`.",
    ),
    Problem(
        "sign_in_again",
        403,
        Fault.CALLER,
        "The token does not say that the caller signed in within the last 5 minutes (`auth_time`).",
        "Sign in again, and send the new token.",
    ),
    Problem(
        "not_found",
        404,
        Fault.CALLER,
        "There is no such thing, or the caller may not see it.",
        "Check the address and the id.",
    ),
    Problem(
        "method_not_allowed",
        405,
        Fault.CALLER,
        "This address exists, and does not take this method.",
        "Use a method of the `Allow` header.",
    ),
    Problem(
        "request_timeout",
        408,
        Fault.CALLER,
        "The body took too long to arrive.",
        "Send the whole body at once.",
    ),
    Problem(
        "payment_in_progress",
        409,
        Fault.CUSTOMER,
        "A payment for this booking or this phone is still open.",
        "Watch the payment in `transactionId`, or wait until it ends.",
    ),
    Problem(
        "already_paid",
        409,
        Fault.CUSTOMER,
        "The fee of this booking has been paid.",
        "Nothing is due; read the booking.",
    ),
    Problem(
        "subscriber_locked",
        409,
        Fault.CUSTOMER,
        "Another M-PESA request is open on this phone.",
        "Finish or cancel it on the phone, wait a minute, and try again.",
    ),
    Problem(
        "idempotency_in_flight",
        409,
        Fault.CALLER,
        "The first call with this Idempotency-Key is still being answered.",
        "Wait a moment and repeat the call with the same key.",
    ),
    Problem(
        "reference_taken",
        409,
        Fault.CALLER,
        "Another booking has this reference.",
        "Choose another reference, or leave it out.",
    ),
    Problem(
        "digest_changed",
        409,
        Fault.CALLER,
        "What was approved is not what is asked for now.",
        "Read it again, and approve the digest that it has now.",
    ),
    Problem(
        "already_decided",
        409,
        Fault.CALLER,
        "This was decided before: it is approved, ended or being sent, or its money has gone another way.",
        "Read it again to see how it stands.",
    ),
    Problem(
        "above_cap",
        409,
        Fault.CALLER,
        "The amount is above a cap of money out.",
        "Wait until the cap is free again, or let an `admin` approve it with `overCap`.",
    ),
    Problem(
        "looks_like_a_repeat",
        409,
        Fault.CALLER,
        "The same recipient was to get the same amount within 24 hours.",
        "Look at the one in `repeats`; send `confirmRepeat` as true if this is another one.",
    ),
    Problem(
        "not_refundable",
        409,
        Fault.CALLER,
        "The payment has brought no money that can go back now, or not by any way.",
        "Read the message, and the payment's `review`.",
    ),
    Problem(
        "beyond_payable",
        409,
        Fault.CALLER,
        "The payee is owed less than that.",
        "Release a fee to the payee first, or pay out less.",
    ),
    Problem(
        "payee_in_use",
        409,
        Fault.CALLER,
        "A payout to this payee is open.",
        "Wait until it ends, or withdraw it, and change the payee then.",
    ),
    Problem(
        "too_many_webhooks",
        409,
        Fault.CALLER,
        "There are as many endpoints as there may be, or as many secrets of one sign as may.",
        "Delete an endpoint that is not used, or wait until an old secret ends.",
    ),
    Problem(
        "webhook_disabled",
        409,
        Fault.CALLER,
        "Nothing is sent to this endpoint: it is disabled.",
        "Enable it first.",
    ),
    Problem(
        "link_closed",
        410,
        Fault.CUSTOMER,
        "The payment link has expired, was paid, or was switched off.",
        "Ask the business for a new link.",
    ),
    Problem("too_large", 413, Fault.CALLER, "The body is larger than this call takes.", "Send less."),
    Problem(
        "idempotency_key_reused",
        422,
        Fault.CALLER,
        "This Idempotency-Key was used with another body.",
        "Use a new key for a new request.",
    ),
    Problem(
        "too_many_requests",
        429,
        Fault.CALLER,
        "Too many payment prompts for this phone, for this customer, or for all customers together; too many bookings "
        "of this customer; too many payments through one link or from one address; or "
        "too many open streams of one customer or client secret.",
        "Wait as long as `Retry-After` says.",
    ),
    Problem(
        "internal_error",
        500,
        Fault.OURS,
        "Something in Pokea failed; it is logged under the request id.",
        "Look at the payment's status before trying again.",
    ),
    Problem(
        "daraja_refused",
        502,
        Fault.DARAJA,
        "Daraja refused the request; no prompt was sent.",
        "See `errors` for Daraja's code, and `pokea explain CODE`.",
    ),
    Problem(
        "daraja_unavailable",
        503,
        Fault.DARAJA,
        "M-PESA cannot be reached or is too busy; no prompt was sent.",
        "Try again as `Retry-After` says.",
    ),
    Problem(
        "outcome_unknown",
        503,
        Fault.UNKNOWN,
        "The database did not say whether the change was made.",
        "Repeat the call with the same `Idempotency-Key`; without one, look first whether it was made.",
    ),
    Problem(
        "unavailable",
        503,
        Fault.OURS,
        "Pokea cannot reach its database, or is shedding load.",
        "Try again as `Retry-After` says.",
    ),
)

CATALOGUE: Final = {problem.code: problem for problem in _ALL}


class PokeaError(Exception):
    """The root of every failure that Pokea raises on purpose."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request, and what to write instead."""

    field: str
    message: str


@dataclass(eq=False)
class ApiError(PokeaError):
    """The request is refused with a problem of the catalogue.

    `message` is for a person; `extra` joins the answer's top level (such as `transactionId`).
    """

    code: str
    message: str
    errors: Sequence[FieldError] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    retry_after_seconds: int | None = None

    def __post_init__(self) -> None:
        super().__init__(self.message)

    @property
    def problem(self) -> Problem:
        """The catalogue's entry for this refusal."""
        return CATALOGUE[self.code]


def invalid(field_name: str, message: str) -> ApiError:
    """A refusal of one field, whose message is also the answer's."""
    return ApiError("invalid_request", message, (FieldError(field_name, message),))


class SettingsError(PokeaError):
    """A setting is wrong or missing; the message names it and says what to do."""


class SchemaError(PokeaError):
    """The database's schema is newer than this version, or absent; the message says what to do."""


class OutcomeUnknown(PokeaError):
    """The database may have done what it was asked, and may still do it: it was committing, and no answer came.

    A caller that must know repeats its change, which finds its own work done, or leaves what it wanted to be found out.
    """


class Unavailable(PokeaError):
    """The database did not do what it was asked, and will not: it is known that nothing was changed.

    `message` says to the caller what did not happen; empty for the usual words.
    """

    def __init__(self, why: str, message: str = "") -> None:
        super().__init__(why)
        self.message = message
