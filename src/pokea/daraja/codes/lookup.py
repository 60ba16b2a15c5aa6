"""What Daraja's codes mean. Codes are compared as text, never by their descriptions (daraja: ground rules)."""

from pokea.daraja.codes.core_codes import CORE_CODES
from pokea.daraja.codes.error_codes import ERROR_CODES
from pokea.daraja.codes.reasons import REASONS, UNCONFIRMED
from pokea.daraja.codes.result_codes import RESULT_CODES
from pokea.daraja.codes.types import ErrorMeaning, Finality, Meaning, ReasonText

__all__ = [
    "ErrorMeaning",
    "Finality",
    "Meaning",
    "ReasonText",
    "core_meaning",
    "error_meaning",
    "meaning",
    "reason_meaning",
]


def meaning(code: str) -> Meaning | None:
    """The meaning of a result code of STK; None when it is unknown there, which proves nothing (daraja: finality)."""
    return RESULT_CODES.get(code)


def core_meaning(code: str) -> Meaning | None:
    """The meaning of a result code that M-PESA's core knows and STK does not; for `pokea explain` only."""
    return CORE_CODES.get(code)


def error_meaning(code: str) -> ErrorMeaning | None:
    """The meaning of an error code such as 500.001.1001; None when it is unknown."""
    return ERROR_CODES.get(code)


def reason_meaning(reason: str) -> ReasonText:
    """What to tell the customer about `reason`; a reason that a newer version has written gets words that fit all."""
    return REASONS.get(reason, REASONS[UNCONFIRMED])
