"""Daraja's synchronous answers, word for word (daraja: Token errors; daraja: push validation errors; daraja: firewall
bodies; daraja: STK query errors)."""

from typing import Any, Final, NamedTuple

from pokea.daraja import wire
from pokea.daraja.codes import error_codes


class Answer(NamedTuple):
    """An HTTP answer as a value."""

    status: int
    body: bytes
    content_type: str = "application/json"


class EnvelopeError(NamedTuple):
    """An error of Daraja's envelope (daraja: error envelope), and its second wording where the reference has one."""

    status: int
    code: str
    message: str
    other_message: str = ""


INVALID_AUTHENTICATION: Final = EnvelopeError(
    400, "400.008.01", "Invalid Authentication passed", "Invalid authentication type passed"
)
INVALID_GRANT_TYPE: Final = EnvelopeError(400, "400.008.02", "Invalid grant type passed")
INVALID_ACCESS_TOKEN: Final = EnvelopeError(404, "404.001.03", "Invalid Access Token")
INVALID_ACCESS_TOKEN_QUERY: Final = EnvelopeError(400, "400.003.01", "Invalid Access Token")
INVALID_AUTHENTICATION_HEADER: Final = EnvelopeError(404, "404.001.04", "Invalid Authentication Header")
RESOURCE_NOT_FOUND: Final = EnvelopeError(404, "404.001.01", "Resource not found")
INVALID_PAYLOAD: Final = EnvelopeError(400, "400.002.05", "Invalid Request Payload")
MERCHANT_UNKNOWN: Final = EnvelopeError(500, "500.001.1001", "Merchant does not exist")
WRONG_CREDENTIALS: Final = EnvelopeError(
    500, "500.001.1001", "Wrong credentials", "[MerchantValidate] - Wrong credentials"
)
SUBSCRIBER_LOCKED: Final = EnvelopeError(500, "500.001.1001", error_codes.SUBSCRIBER_LOCKED)
STILL_PROCESSING: Final = EnvelopeError(500, "500.001.1001", "The transaction is being processed")
TRANSACTION_UNKNOWN: Final = EnvelopeError(500, "500.001.1001", "The transaction does not Exist")
SYSTEM_BUSY: Final = EnvelopeError(500, "500.003.02", "System is busy. Please try again in few minutes.")
SPIKE_ARREST: Final = EnvelopeError(500, "500.003.02", "Error Occurred: Spike Arrest Violation")
BAD_QUESTION: Final = "400.003.02"
"""The code with which transaction status refuses a field (daraja: transaction status)."""
NOT_AUTHORIZED: Final = EnvelopeError(403, "403.002.1001", "You are not authorized to initiate this transaction")
DUPLICATE_ORIGINATOR: Final = EnvelopeError(500, "500.002.1001", "Duplicate OriginatorConversationID.")
OUT_INTERNAL_ERROR: Final = EnvelopeError(500, "500.002.1001", "System internal error.")
"""The code of a duplicate, with another meaning (daraja: additions)."""
INTERNAL_ERROR: Final = EnvelopeError(500, "500.003.1001", "Internal Server Error")


def bad_field(name: str, code: str = "400.002.02") -> EnvelopeError:
    """The refusal that names a field (daraja: push validation errors)."""
    return EnvelopeError(400, code, f"Bad Request - Invalid {name}")


def method_not_allowed(method: str) -> EnvelopeError:
    """The refusal of a method (daraja: push errors)."""
    return EnvelopeError(405, "405.001", f"{method} Method Not Allowed")


def echoed_token(token: str) -> EnvelopeError:
    """The 401 that prints the token it refuses (daraja: Token behaviour)."""
    return EnvelopeError(401, "401.002.01", f"Error Occurred - Invalid Access Token - {token}")


def refused(error: EnvelopeError, request_id: str, wording: str) -> Answer:
    """The error in Daraja's envelope."""
    message = error.other_message if wording == "second" and error.other_message else error.message
    return Answer(
        error.status,
        wire.encode(wire.ErrorAnswer(errorCode=error.code, requestId=request_id, errorMessage=message)),
    )


def as_json(message: Any, status: int = 200) -> Answer:
    """A message of the wire as an answer."""
    return Answer(status, wire.encode(message))


EMPTY_400: Final = Answer(400, b"")
"""What a wrong consumer key or secret gets (daraja: Token errors)."""

RATE_LIMITED: Final = as_json(
    {
        "fault": {
            "faultstring": "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, "
            "periodInMicroseconds=60000000, maxBurstMessageCount=1.0}",
            "detail": {"errorcode": "policies.ratelimit.SpikeArrestViolation"},
        }
    },
    status=429,
)
"""The gateway's own fault (daraja: rate limit fault)."""


UPSTREAM_TEXT: Final = Answer(
    503,
    b"upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    "text/plain",
)
"""A proxy's words in place of JSON, with which a payout was answered that did pay (daraja: additions)."""


def firewall_page(status: int) -> Answer:
    """The firewall's page in place of JSON (daraja: firewall bodies); the incident's number is made up."""
    page = (
        '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head><body>'
        "Request unsuccessful. Incapsula incident ID: 0-000000000000000000</body></html>"
    )
    return Answer(status, page.encode(), "text/html")
