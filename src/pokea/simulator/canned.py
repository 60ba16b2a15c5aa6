"""Daraja's synchronous answers, word for word (daraja: Token errors; daraja: push validation errors; daraja: firewall
bodies; daraja: STK query errors)."""

from typing import Any, Final, NamedTuple

from pokea.daraja import wire

FORBIDDEN = 403


class Answer(NamedTuple):
    """An HTTP answer as a value."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Complaint(NamedTuple):
    """An error of Daraja's envelope (daraja: error envelope), and its second wording where the reference has one."""

    status: int
    code: str
    message: str
    other_message: str = ""


INVALID_AUTHENTICATION: Final = Complaint(
    400, "400.008.01", "Invalid Authentication passed", "Invalid authentication type passed"
)
INVALID_GRANT_TYPE: Final = Complaint(400, "400.008.02", "Invalid grant type passed")
INVALID_ACCESS_TOKEN: Final = Complaint(404, "404.001.03", "Invalid Access Token")
INVALID_ACCESS_TOKEN_QUERY: Final = Complaint(400, "400.003.01", "Invalid Access Token")
INVALID_AUTHENTICATION_HEADER: Final = Complaint(404, "404.001.04", "Invalid Authentication Header")
RESOURCE_NOT_FOUND: Final = Complaint(404, "404.001.01", "Resource not found")
INVALID_PAYLOAD: Final = Complaint(400, "400.002.05", "Invalid Request Payload")
MERCHANT_UNKNOWN: Final = Complaint(500, "500.001.1001", "Merchant does not exist")
WRONG_CREDENTIALS: Final = Complaint(500, "500.001.1001", "Wrong credentials", "[MerchantValidate] - Wrong credentials")
SUBSCRIBER_LOCKED: Final = Complaint(
    500,
    "500.001.1001",
    "Unable to lock subscriber, a transaction is already in process for the current subscriber",
)
STILL_PROCESSING: Final = Complaint(500, "500.001.1001", "The transaction is being processed")
TRANSACTION_UNKNOWN: Final = Complaint(500, "500.001.1001", "The transaction does not Exist")
SYSTEM_BUSY: Final = Complaint(500, "500.003.02", "System is busy. Please try again in few minutes.")
SPIKE_ARREST: Final = Complaint(500, "500.003.02", "Error Occurred: Spike Arrest Violation")
INTERNAL_ERROR: Final = Complaint(500, "500.003.1001", "Internal Server Error")


def bad_field(name: str) -> Complaint:
    """The refusal that names a field (daraja: push validation errors)."""
    return Complaint(400, "400.002.02", f"Bad Request - Invalid {name}")


def method_not_allowed(method: str) -> Complaint:
    """The refusal of a method (daraja: push errors)."""
    return Complaint(405, "405.001", f"{method} Method Not Allowed")


def echoed_token(token: str) -> Complaint:
    """The 401 that prints the token it refuses (daraja: Token behaviour)."""
    return Complaint(401, "401.002.01", f"Error Occurred - Invalid Access Token - {token}")


def refused(complaint: Complaint, request_id: str, wording: str) -> Answer:
    """The complaint in Daraja's envelope."""
    message = complaint.other_message if wording == "second" and complaint.other_message else complaint.message
    return Answer(
        complaint.status,
        wire.encode(wire.ErrorAnswer(errorCode=complaint.code, requestId=request_id, errorMessage=message)),
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


def firewall_page(status: int) -> Answer:
    """The firewall's page in place of JSON (daraja: firewall bodies); the incident's number is made up."""
    page = (
        '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head><body>'
        "Request unsuccessful. Incapsula incident ID: 0-000000000000000000</body></html>"
    )
    return Answer(status, page.encode(), "text/html")
