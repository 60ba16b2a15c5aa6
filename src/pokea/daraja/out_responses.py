"""What Daraja's answer to a request of money out means, exactly by the table of (law: sending).

It is stricter than a push's: what is not in the table is unknown, since a wrong "refused" costs the money there. A
question moves none, so that all that is not taken is only not asked.
"""

from typing import Final

from pokea.daraja.answer_forms import (
    OK,
    TOO_MANY,
    UNAUTHORIZED,
    Hide,
    Objection,
    code_shown,
    complained,
    objection_in,
    read_as,
    shown,
    unreadable,
)
from pokea.daraja.codes.error_codes import INVALID_FIELD, TOKEN_ERRORS
from pokea.daraja.fields import clean_code, clean_id
from pokea.daraja.out_outcomes import Asked, AskOutcome, NotAsked, OutAccepted, OutOutcome, OutRefused, OutUnknown
from pokea.daraja.outcomes import SubmissionRefused
from pokea.daraja.responses import TokenRefused, is_limit
from pokea.daraja.results import Acknowledgement
from pokea.daraja.wire import SUCCESS
from pokea.errors import Fault
from pokea.redact import mask

V3_FORBIDDEN: Final = "403.002.1001"
_INVALID_ACCESS: Final = "404.001.03"
_DUPLICATE_CODE: Final = "500.002.1001"
"""It also means an internal error, so that code and text must agree (daraja: additions)."""
_DUPLICATE_TEXT: Final = "duplicate originatorconversationid"
_FORBIDDEN: Final = 403
_INTERNAL_ERROR: Final = 500
_REFUSING_STATUSES: Final = (400, UNAUTHORIZED, 404, 405)
_TOKEN_STATUSES: Final = (400, UNAUTHORIZED, 404)


def read_out_answer(status: int, content_type: str, body: bytes, hide: Hide = mask) -> OutOutcome | TokenRefused:
    """What a B2C payment or a reversal came to (law: sending, 3)."""
    objection = objection_in(body)
    if objection is None:
        accepted = _accepted(body) if status == OK else None
        return accepted or OutUnknown(unreadable(status, content_type, body))
    refused = _refused(status, objection, hide)
    if refused is None:
        return OutUnknown(complained(status, objection, hide), is_duplicate=_is_duplicate(status, objection))
    is_about_token = status == UNAUTHORIZED or objection.code == _INVALID_ACCESS
    return token_refused(refused) if is_about_token else refused


def read_ask_answer(status: int, content_type: str, body: bytes, hide: Hide = mask) -> AskOutcome | TokenRefused:
    """Whether Daraja took a status or a balance question (law: finding out)."""
    objection = objection_in(body)
    if objection is None:
        accepted = _accepted(body) if status == OK else None
        if accepted is not None:
            return Asked(accepted.conversation_id, accepted.originator_conversation_id)
        return NotAsked(unreadable(status, content_type, body), limited=status == TOO_MANY)
    refused = _refused(status, objection, hide)
    is_about_token = status == UNAUTHORIZED or (status in _TOKEN_STATUSES and objection.code in TOKEN_ERRORS)
    if refused is not None and is_about_token:
        return token_refused(refused)
    limited = status == TOO_MANY or is_limit(objection.code)
    return NotAsked(complained(status, objection, hide), limited, refused.reason if refused is not None else "")


def refused_before_sending(refusal: SubmissionRefused) -> OutRefused:
    """What a request came to of which no byte left, or whose access token was refused twice: nothing happened."""
    reason = _REASONS_BEFORE.get(refusal.reason, "request_refused")
    return OutRefused(refusal.code, refusal.message, reason, refusal.temporary)


def token_refused(refused: OutRefused) -> TokenRefused:
    """The same as a refusal of the access token, after which a fresh one may be tried once (law: sending, 1)."""
    return TokenRefused(SubmissionRefused(refused.code, refused.message, "access_refused", Fault.OURS, False))


_REASONS_BEFORE: Final = {
    "access_refused": "access_refused",
    "daraja_unavailable": "unreachable",
    "not_sent": "not_sent",
}


def _accepted(body: bytes) -> OutAccepted | None:
    answer = read_as(body, Acknowledgement)
    conversation_id = clean_id(answer.ConversationID) if answer is not None else None
    if answer is None or conversation_id is None or clean_code(answer.ResponseCode) != SUCCESS:
        return None
    return OutAccepted(conversation_id, clean_id(answer.OriginatorConversationID) or "")


def _refused(status: int, objection: Objection, hide: Hide) -> OutRefused | None:
    """The row of refusals in the table; None where the objection leaves open what happened."""
    code, message = code_shown(objection), shown(objection.text, hide)
    if objection.is_fault:
        return OutRefused(code, message, "limited", True) if status == TOO_MANY else None
    if status == _FORBIDDEN and objection.code == V3_FORBIDDEN:
        return OutRefused(code, message, "v3_forbidden", False)
    # A code of the 500 family under a status of the 400 family contradicts itself, and so proves nothing.
    if status not in _REFUSING_STATUSES or objection.code.startswith("5"):
        return None
    if status == UNAUTHORIZED or objection.code in TOKEN_ERRORS:
        return OutRefused(code, message, "access_refused", False)
    return OutRefused(code, message, "field_refused" if objection.code == INVALID_FIELD else "request_refused", False)


def _is_duplicate(status: int, objection: Objection) -> bool:
    """Whether Daraja says that it knows the id, and so the payment, already."""
    named = _DUPLICATE_TEXT in objection.text.lower()
    return status == _INTERNAL_ERROR and objection.code == _DUPLICATE_CODE and named and not objection.is_fault
