"""The refusals of the service, by whose matter they are and by code. Written by `make docs`."""

from typing import Final

from pokea.client.failures import CallRefused


class CallerMistake(CallRefused):
    """The call is wrong: the program that sent it is to be mended."""


class InvalidRequest(CallerMistake):
    """A field is missing, malformed or out of range. Correct the fields listed in `errors` and send again."""


class MalformedBody(CallerMistake):
    """The body is not the JSON object that this call takes. Send a JSON object with `Content-Type:
    application/json`."""


class AmountMismatch(CallerMistake):
    """The amount is not the booking's fee. Read the booking and send its `bookingFee.amount`."""


class IdempotencyKeyRequired(CallerMistake):
    """The call has no Idempotency-Key, and it may move money. Send a key of your own, the same one when the call is
    repeated."""


class Unauthenticated(CallerMistake):
    """The bearer token is missing, expired, or not signed as it must be. Send `Authorization: Bearer …` with a valid
    token."""


class Forbidden(CallerMistake):
    """The token lacks the scope that this call needs. Ask for a token with the scope named in the message."""


class MoneyOutOff(CallerMistake):
    """Money out is switched off: nothing is requested, approved or changed. An operator sets POKEA_MONEY_OUT to `on`
    (docs/settings.md)."""


class OwnRequest(CallerMistake):
    """The caller has asked for this, and another person must approve or confirm it. Ask another person with the scope
    `out:approve`."""


class SignInAgain(CallerMistake):
    """The token does not say that the caller signed in within the last 5 minutes (`auth_time`). Sign in again, and send
    the new token."""


class NotFound(CallerMistake):
    """There is no such thing, or the caller may not see it. Check the address and the id."""


class MethodNotAllowed(CallerMistake):
    """This address exists, and does not take this method. Use a method of the `Allow` header."""


class RequestTimeout(CallerMistake):
    """The body took too long to arrive. Send the whole body at once."""


class IdempotencyInFlight(CallerMistake):
    """The first call with this Idempotency-Key is still being answered. Wait a moment and repeat the call with the same
    key."""


class ReferenceTaken(CallerMistake):
    """Another booking has this reference. Choose another reference, or leave it out."""


class DigestChanged(CallerMistake):
    """What was approved is not what is asked for now. Read it again, and approve the digest that it has now."""


class AlreadyDecided(CallerMistake):
    """This was decided before: it is approved, ended or being sent, or its money has gone another way. Read it again to
    see how it stands."""


class AboveCap(CallerMistake):
    """The amount is above a cap of money out. Wait until the cap is free again, or let an `admin` approve it with
    `overCap`."""


class LooksLikeARepeat(CallerMistake):
    """The same recipient was to get the same amount within 24 hours. Look at the one in `repeats`; send `confirmRepeat`
    as true if this is another one."""


class NotRefundable(CallerMistake):
    """The payment has brought no money that can go back now, or not by any way. Read the message, and the payment's
    `review`."""


class BeyondPayable(CallerMistake):
    """The payee is owed less than that. Release a fee to the payee first, or pay out less."""


class PayeeInUse(CallerMistake):
    """A payout to this payee is open. Wait until it ends, or withdraw it, and change the payee then."""


class TooManyWebhooks(CallerMistake):
    """There are as many endpoints as there may be, or as many secrets of one sign as may. Delete an endpoint that is
    not used, or wait until an old secret ends."""


class WebhookDisabled(CallerMistake):
    """Nothing is sent to this endpoint: it is disabled. Enable it first."""


class TooLarge(CallerMistake):
    """The body is larger than this call takes. Send less."""


class IdempotencyKeyReused(CallerMistake):
    """This Idempotency-Key was used with another body. Use a new key for a new request."""


class TooManyRequests(CallerMistake):
    """Too many payment prompts for this phone, for this customer, or for all customers together; too many bookings of
    this customer; too many payments through one link or from one address; or too many open streams of one customer or
    client secret. Wait as long as `Retry-After` says."""


class CustomerMatter(CallRefused):
    """The customer or the state of the booking stands in the way."""


class PaymentInProgress(CustomerMatter):
    """A payment for this booking or this phone is still open. Watch the payment in `transactionId`, or wait until it
    ends."""


class AlreadyPaid(CustomerMatter):
    """The fee of this booking has been paid. Nothing is due; read the booking."""


class SubscriberLocked(CustomerMatter):
    """Another M-PESA request is open on this phone. Finish or cancel it on the phone, wait a minute, and try again."""


class LinkClosed(CustomerMatter):
    """The payment link has expired, was paid, or was switched off. Ask the business for a new link."""


class DarajaTrouble(CallRefused):
    """M-PESA refused the request, or cannot be reached; no prompt was sent."""


class DarajaRefused(DarajaTrouble):
    """Daraja refused the request; no prompt was sent. See `errors` for Daraja's code, and `pokea explain CODE`."""


class DarajaUnavailable(DarajaTrouble):
    """M-PESA cannot be reached or is too busy; no prompt was sent. Try again as `Retry-After` says."""


class ServiceTrouble(CallRefused):
    """The service failed or is overloaded."""


class InternalError(ServiceTrouble):
    """Something in Pokea failed; it is logged under the request id. Look at the payment's status before trying
    again."""


class Unavailable(ServiceTrouble):
    """Pokea cannot reach its database, or is shedding load. Try again as `Retry-After` says."""


class ChangeNotKnown(CallRefused):
    """The service cannot say whether it made the change."""


class OutcomeUnknown(ChangeNotKnown):
    """The database did not say whether the change was made. Repeat the call with the same `Idempotency-Key`; without
    one, look first whether it was made."""


BY_CODE: Final[dict[str, type[CallRefused]]] = {
    "invalid_request": InvalidRequest,
    "malformed_body": MalformedBody,
    "amount_mismatch": AmountMismatch,
    "idempotency_key_required": IdempotencyKeyRequired,
    "unauthenticated": Unauthenticated,
    "forbidden": Forbidden,
    "money_out_off": MoneyOutOff,
    "own_request": OwnRequest,
    "sign_in_again": SignInAgain,
    "not_found": NotFound,
    "method_not_allowed": MethodNotAllowed,
    "request_timeout": RequestTimeout,
    "idempotency_in_flight": IdempotencyInFlight,
    "reference_taken": ReferenceTaken,
    "digest_changed": DigestChanged,
    "already_decided": AlreadyDecided,
    "above_cap": AboveCap,
    "looks_like_a_repeat": LooksLikeARepeat,
    "not_refundable": NotRefundable,
    "beyond_payable": BeyondPayable,
    "payee_in_use": PayeeInUse,
    "too_many_webhooks": TooManyWebhooks,
    "webhook_disabled": WebhookDisabled,
    "too_large": TooLarge,
    "idempotency_key_reused": IdempotencyKeyReused,
    "too_many_requests": TooManyRequests,
    "payment_in_progress": PaymentInProgress,
    "already_paid": AlreadyPaid,
    "subscriber_locked": SubscriberLocked,
    "link_closed": LinkClosed,
    "daraja_refused": DarajaRefused,
    "daraja_unavailable": DarajaUnavailable,
    "internal_error": InternalError,
    "unavailable": Unavailable,
    "outcome_unknown": OutcomeUnknown,
}
"""The class of each code; a code that is not here is of a newer service."""
