"""Every error code with which Daraja or its gateway answers a request (daraja: Token errors; daraja: Token behaviour;
daraja: push validation errors; daraja: rate limit fault; daraja: STK query errors).

One code carries many meanings, and 500.001.1001 the most: three exact texts of it tell a push's end (law: push).
"""

from typing import Final

from pokea.daraja.codes.reasons import REASONS
from pokea.daraja.codes.types import ErrorMeaning
from pokea.daraja.refused_fields import ADVICE
from pokea.errors import Fault

INVALID_FIELD: Final = "400.002.02"
MIXED_ERROR: Final = "500.001.1001"
BUSY_ERROR: Final = "500.003.02"
QUOTA_ERROR: Final = "500.003.03"
GATEWAY_LIMITS: Final = "policies.ratelimit."
"""How the gateway's own codes for too many requests begin (daraja: rate limit fault)."""

TOKEN_ERRORS: Final = ("404.001.03", "401.002.01", "401.003.01", "400.003.01")
"""Codes by which the gateway refuses the access token, before M-PESA sees the request (daraja: Token behaviour)."""

SUBSCRIBER_LOCKED: Final = "Unable to lock subscriber, a transaction is already in process for the current subscriber"
MERCHANT_UNKNOWN: Final = "Merchant does not exist"
WRONG_CREDENTIALS: Final = "Wrong credentials"
MERCHANT_VALIDATE_WRONG_CREDENTIALS: Final = "[MerchantValidate] - Wrong credentials"

REFUSING_TEXTS: Final = {
    SUBSCRIBER_LOCKED: "subscriber_locked",
    MERCHANT_UNKNOWN: "merchant_unknown",
    WRONG_CREDENTIALS: "wrong_credentials",
    MERCHANT_VALIDATE_WRONG_CREDENTIALS: "wrong_credentials",
}
"""The three known texts of 500.001.1001 that end a push, one of them in two spellings, and the reason each gives
(law: push, daraja: push errors). They are the only descriptions that decide an outcome, and they count only letter by
letter."""


def _error(
    code: str, title: str, fault: Fault, reason: str, *, operator: str, source: str, final: bool = True
) -> ErrorMeaning:
    text = REASONS[reason]
    return ErrorMeaning(
        code, title, final, fault, text.retryable, reason, text.customer_en, text.customer_sw, operator, source
    )


def _by_field() -> str:
    return " ".join(f"{field}: {advice}." for field, advice in ADVICE.items())


_ALL: Final = (
    _error(
        INVALID_FIELD,
        "Bad Request - Invalid (the first field that failed)",
        Fault.OURS,
        "daraja_refused",
        operator="Daraja does not take a field of the request. Its text names the first one that failed, and the log "
        f"repeats it where the push was refused. {_by_field()} A query asked too early may answer 'Invalid "
        "CheckoutRequestID', which is no answer.",
        source="`daraja: push validation errors; daraja: STK query pending`",
    ),
    _error(
        "400.002.05",
        "Invalid Request Payload",
        Fault.OURS,
        "daraja_refused",
        operator="The body could not be read as JSON. Send JSON with Content-Type application/json.",
        source="daraja: push errors; daraja: STK query errors",
    ),
    _error(
        "400.003.01",
        "Invalid Access Token",
        Fault.OURS,
        "access_refused",
        operator="The access token is wrong or expired; Pokea refreshes it once by itself. If it stays, check the "
        "consumer key and secret, and that the app on the portal has this API.",
        source="daraja: Token behaviour; daraja: STK query errors",
    ),
    _error(
        "400.003.02",
        "Bad Request",
        Fault.OURS,
        "daraja_refused",
        operator="The request is malformed; seen when C2B addresses are registered.",
        source="daraja: C2B register URLs",
    ),
    _error(
        "400.008.01",
        "Invalid Authentication passed",
        Fault.OURS,
        "access_refused",
        operator="The request for a token had no Basic authorization, or a wrong one. Check MPESA_CONSUMER_KEY and "
        "MPESA_CONSUMER_SECRET. A wrong key or secret is also answered by HTTP 400 with an empty body, "
        "and so are sandbox keys at the production host.",
        source="daraja: Hosts; daraja: Token errors",
    ),
    _error(
        "400.008.02",
        "Invalid grant type passed",
        Fault.OURS,
        "access_refused",
        operator="The request for a token lacked grant_type=client_credentials. Check MPESA_BASE_URL: something "
        "between here and Daraja may drop the query.",
        source="daraja: Token errors",
    ),
    _error(
        "401.002.01",
        "Error Occurred - Invalid Access Token",
        Fault.OURS,
        "access_refused",
        operator="The access token is wrong or expired; Pokea refreshes it once by itself. Daraja's message "
        "repeats the token: never log it.",
        source="daraja: Token behaviour",
    ),
    _error(
        "401.003.01",
        "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found",
        Fault.OURS,
        "access_refused",
        operator="The app on the portal does not have this API, or got it after the token was made. Add the "
        "product 'Lipa Na M-Pesa' to the app; a new production app may need days until Safaricom has "
        "activated it.",
        source="daraja: Token behaviour",
    ),
    _error(
        "403.002.1001",
        "You are not authorized to initiate this transaction",
        Fault.OURS,
        "access_refused",
        operator="The app may not use this API; seen for payouts. Ask Safaricom to enable it.",
        source="daraja: push errors",
        final=False,
    ),
    _error(
        "404.001.01",
        "Resource not found",
        Fault.OURS,
        "daraja_refused",
        operator="There is nothing at this address. Check MPESA_BASE_URL.",
        source="daraja: push errors",
    ),
    _error(
        "404.001.03",
        "Invalid Access Token",
        Fault.OURS,
        "access_refused",
        operator="The access token is wrong, expired, or replaced by a newer one; Pokea refreshes it once by "
        "itself. If it stays, another program may be using the same app, or the app is not approved for "
        "this API: a new production app may need days.",
        source="daraja: Token behaviour; daraja: push errors",
    ),
    _error(
        "404.001.04",
        "Invalid Authentication Header",
        Fault.OURS,
        "daraja_refused",
        operator="The authorization header is missing or misplaced, or the method is wrong: every call is a POST "
        "save the one for a token. A proxy on the way may drop the header.",
        source="daraja: Token errors; daraja: push errors; daraja: STK query errors",
    ),
    _error(
        "404.003.01",
        "Resource not found",
        Fault.OURS,
        "daraja_refused",
        operator="There is nothing at this address; seen when C2B addresses are registered. Check MPESA_BASE_URL.",
        source="daraja: C2B register URLs",
    ),
    _error(
        "405.001",
        "Method Not Allowed",
        Fault.OURS,
        "daraja_refused",
        operator="The method is wrong for this address. Check MPESA_BASE_URL and whatever proxy stands between.",
        source="daraja: push errors",
    ),
    _error(
        MIXED_ERROR,
        "one of many texts",
        Fault.UNKNOWN,
        "outcome_unknown",
        operator="This code has at least six meanings. To a push, 'Unable to lock subscriber, …' means that the "
        "phone has a session open, 'Merchant does not exist' that MPESA_SHORTCODE is not the one of "
        "go-live, and 'Wrong credentials' that passkey and shortcode do not belong together (the sandbox "
        "passkey with a live shortcode, most often); any other text leaves the outcome unknown. To a "
        "query it is never an answer.",
        source="`daraja: push errors; daraja: STK query pending; daraja: STK query errors`",
        final=False,
    ),
    _error(
        "500.002.1001",
        "Duplicate OriginatorConversationID. / System internal error.",
        Fault.UNKNOWN,
        "outcome_unknown",
        operator="For a payout it means that this OriginatorConversationID was used before. For anything else the "
        "outcome is unknown.",
        source="daraja: B2C request",
        final=False,
    ),
    _error(
        BUSY_ERROR,
        "System is busy. Please try again in few minutes. / Error Occurred: Spike Arrest Violation",
        Fault.DARAJA,
        "daraja_unavailable",
        operator="Too many requests in a second, or M-PESA is too busy. Nothing happened; wait and send again.",
        source="daraja: push errors",
    ),
    _error(
        QUOTA_ERROR,
        "Quota Violation",
        Fault.DARAJA,
        "daraja_unavailable",
        operator="The app's quota of requests is used up. Nothing happened; wait, and ask Safaricom for a larger "
        "quota if it comes back.",
        source="daraja: push errors",
    ),
    _error(
        "500.003.1001",
        "Internal Server Error",
        Fault.UNKNOWN,
        "outcome_unknown",
        operator="Daraja failed, and whether it did anything is unknown. When C2B addresses are registered it also "
        "says 'Urls are already registered.'",
        source="daraja: push errors; daraja: C2B register URLs",
        final=False,
    ),
    _error(
        "00.002.1001",
        "Service is currently under maintenance. Please try again later",
        Fault.UNKNOWN,
        "outcome_unknown",
        operator="M-PESA is under maintenance. Documented for another API and without a status, so that what it "
        "means for a push is unknown.",
        source="daraja: push errors",
        final=False,
    ),
    _error(
        "policies.ratelimit.SpikeArrestViolation",
        "Spike arrest violation. Allowed rate : MessageRate{…}",
        Fault.DARAJA,
        "daraja_unavailable",
        operator="The gateway's limit: five queries a minute were seen in the sandbox. With HTTP 429 nothing "
        "happened; Pokea slows down by itself (POKEA_QUERY_RATE).",
        source="`daraja: rate limit fault`",
    ),
    _error(
        "steps.servicecallout.ExecutionFailed",
        "Execution of ServiceCallout SCO-AddURLVault failed.",
        Fault.UNKNOWN,
        "outcome_unknown",
        operator="The gateway itself failed; seen in 2020 when C2B addresses were registered. What happened is "
        "unknown.",
        source="a captured body (tests/fixtures/payloads/error_apigee_fault.json)",
        final=False,
    ),
)

ERROR_CODES: Final = {entry.code: entry for entry in _ALL}
