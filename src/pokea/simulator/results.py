"""The ends a payment can have at the simulator, in the callback's words and in the query's (daraja: result codes)."""

from typing import Final, Literal, NamedTuple

from pokea.daraja.codes import error_codes
from pokea.simulator.options import SimulatorOptions

PAID: Final = "0"
INSUFFICIENT: Final = "1"
ABOVE_MAXIMUM: Final = "3"
ABOVE_DAILY_LIMIT: Final = "4"
RULE_LIMITED: Final = "17"
LOCKED: Final = "1001"
PROMPT_TOO_LONG: Final = "1025"
CANCELLED: Final = "1032"
NO_RESPONSE: Final = "1037"
WRONG_PIN: Final = "2001"

BELOW_MINIMUM: Final = "2"
BALANCE_TOO_HIGH: Final = "8"
DUPLICATE: Final = "15"
BAD_PARAMETER: Final = "25"
INITIATOR_WRONG: Final = "2001"
RULE_FORBIDS: Final = "2006"
PRODUCT_FORBIDS: Final = "2028"
NO_SUCH_PARTY: Final = "SFC_IC0003"
RECEIPT_UNKNOWN: Final = "2032"
RECIPIENT_UNKNOWN: Final = "2040"
INITIATOR_LOCKED: Final = "8006"
WAITING: Final = "100000000"
ALREADY_REVERSED: Final = "R000001"
NO_SUCH_ORIGINAL: Final = "R000002"

Channel = Literal["callback", "query"]


class Wording(NamedTuple):
    """A result's text, and the second one where the reference has two."""

    first: str
    second: str = ""


_WORDINGS: Final = {
    PAID: Wording("The service request is processed successfully."),
    INSUFFICIENT: Wording("The balance is insufficient for the transaction."),
    ABOVE_MAXIMUM: Wording("Declined due to limit rule: greater than the maximum transaction amount."),
    ABOVE_DAILY_LIMIT: Wording("Declined due to limit rule: would exceed daily transfer limit."),
    RULE_LIMITED: Wording("Rule limited."),
    LOCKED: Wording(error_codes.SUBSCRIBER_LOCKED),
    PROMPT_TOO_LONG: Wording("An error occurred while sending a push request."),
    CANCELLED: Wording("Request cancelled by user", "Request Cancelled by user."),
    WRONG_PIN: Wording("The initiator information is invalid.", "[MpesaCB - ]The initiator information is invalid."),
    BELOW_MINIMUM: Wording(
        "Declined due to limit rule: less than the minimum transaction amount.", "Declined due to limit rule"
    ),
    BALANCE_TOO_HIGH: Wording("Declined due to limit rule: would exceed the maximum balance."),
    DUPLICATE: Wording("Duplicate OriginatorConversationID."),
    BAD_PARAMETER: Wording("A required parameter is missing or malformed."),
    RULE_FORBIDS: Wording("Declined due to account rule: The account status does not allow this transaction."),
    RECEIPT_UNKNOWN: Wording("The transaction receipt number does not exist."),
    RECIPIENT_UNKNOWN: Wording(
        "Credit Party customer type (Unregistered or Registered Customer) can't be supported by the service."
    ),
    INITIATOR_LOCKED: Wording("The security credential is locked"),
    WAITING: Wording("The request is waiting to be sent again."),
    ALREADY_REVERSED: Wording("The transaction has already been reversed."),
    NO_SUCH_ORIGINAL: Wording("The OriginalTransactionID is invalid."),
    PRODUCT_FORBIDS: Wording("The request is not permitted according to product assignment."),
    NO_SUCH_PARTY: Wording("The operator does not exist.", "Receiver party is invalid"),
}


def description(code: str, channel: Channel, options: SimulatorOptions) -> str:
    """The ResultDesc of `code`; the callback and the query word 1037 differently (daraja: result codes)."""
    if code == NO_RESPONSE:
        return options.no_response_callback if channel == "callback" else options.no_response_query
    wording = _WORDINGS[code]
    return wording.second if options.wording == "second" and wording.second else wording.first


def callback_code(code: str) -> int | str:
    """The ResultCode as a callback prints it: a number, or a string when it has letters (daraja: STK callback
    failure)."""
    return int(code) if code.isdigit() else code
