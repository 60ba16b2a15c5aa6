"""What Daraja's codes mean. Codes are compared as text, never by their descriptions (reference 0.2)."""

from pokea.daraja.meanings import ErrorMeaning, Finality, Meaning, ReasonText
from pokea.daraja.reasons import REASONS, UNCONFIRMED
from pokea.daraja.result_codes import RESULT_CODES

__all__ = ["ErrorMeaning", "Finality", "Meaning", "ReasonText", "meaning", "reason_meaning"]


def meaning(code: str) -> Meaning | None:
    """The meaning of a result code of STK; None when it is unknown there, which proves nothing (reference 3.4)."""
    return RESULT_CODES.get(code)


def reason_meaning(reason: str) -> ReasonText:
    """What to tell the customer about `reason`; a reason that a newer version has written gets words that fit all."""
    return REASONS.get(reason, REASONS[UNCONFIRMED])
