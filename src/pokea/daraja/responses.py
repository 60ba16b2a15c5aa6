"""What Daraja's answers mean, as one function an endpoint: bytes in, a value out (law: push; daraja: STK push accepted;
daraja: firewall bodies; daraja: STK query). Those of money out are in `out_responses`."""

import re
from dataclasses import dataclass
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
from pokea.daraja.codes.error_codes import (
    BUSY_ERROR,
    GATEWAY_LIMITS,
    INVALID_FIELD,
    MIXED_ERROR,
    QUOTA_ERROR,
    REFUSING_TEXTS,
    SUBSCRIBER_LOCKED,
    TOKEN_ERRORS,
    WRONG_CREDENTIALS,
)
from pokea.daraja.codes.lookup import error_meaning
from pokea.daraja.codes.reasons import NOT_SENT, PHONE_REFUSED
from pokea.daraja.fields import clean_code, clean_id
from pokea.daraja.outcomes import Accepted, Answered, PushOutcome, QueryOutcome, Silent, SubmissionRefused, Unknown
from pokea.daraja.refused_fields import names_the_phone
from pokea.daraja.wire import (
    STILL_PROCESSING,
    SUCCESS,
    PushAnswer,
    QueryAnswer,
    TokenAnswer,
)
from pokea.errors import Fault
from pokea.redact import Secret, mask

_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_TOKEN_STATUSES: Final = (_BAD_REQUEST, UNAUTHORIZED, _NOT_FOUND)
_REFUSING_STATUSES: Final = (*_TOKEN_STATUSES, 405, TOO_MANY)
_LIMITS: Final = (BUSY_ERROR, QUOTA_ERROR)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,2048}")
_SECONDS: Final = re.compile(r"[0-9]{1,6}")
_USUAL_LIFETIME_SECONDS: Final = 3599
"""What every token was seen to live (daraja: Token request); taken when `expires_in` cannot be read."""


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """The gateway stopped a request because of its access token: a fresh one may be tried, once (law: push)."""

    refusal: SubmissionRefused


@dataclass(frozen=True, slots=True)
class TokenGranted:
    """A fresh access token and how many seconds it lives."""

    token: Secret
    lifetime_seconds: int


def read_push_answer(status: int, content_type: str, body: bytes, hide: Hide = mask) -> PushOutcome | TokenRefused:
    """What a push came to, exactly as `law: push` has it: whatever is not known to be accepted or refused is
    unknown."""
    objection = objection_in(body)
    if objection is None:
        accepted = _accepted(body, hide) if status == OK else None
        return accepted or Unknown(unreadable(status, content_type, body))
    refusal = _refusal(status, objection, hide) if status >= _BAD_REQUEST else None
    if refusal is None:
        return Unknown(complained(status, objection, hide))
    return TokenRefused(refusal) if _is_about_token(status, objection) else refusal


def read_query_answer(
    checkout_request_id: str, status: int, content_type: str, body: bytes, hide: Hide = mask
) -> QueryOutcome | TokenRefused:
    """What a question about `checkout_request_id` brought: an answer about it, or nothing at all (law: inquiries)."""
    objection = objection_in(body)
    if objection is not None:
        return _query_refused(status, objection, hide)
    answer = read_as(body, QueryAnswer) or QueryAnswer()
    code = clean_code(answer.ResultCode)
    if code == STILL_PROCESSING:
        wrong = WRONG_CREDENTIALS.lower() in answer.ResultDesc.lower()
        return Silent(f"4999: {shown(answer.ResultDesc, hide)}", wrong_credentials=wrong)
    accepted = answer.ResponseCode is None or clean_code(answer.ResponseCode) == SUCCESS
    if status != OK or code is None or not accepted:
        return Silent(unreadable(status, content_type, body), limited=status == TOO_MANY)
    if answer.CheckoutRequestID != checkout_request_id:
        return Silent("Daraja answered about another CheckoutRequestID")
    return Answered(code, shown(answer.ResultDesc, hide), checkout_request_id)


def read_token_answer(
    status: int, content_type: str, body: bytes, hide: Hide = mask
) -> TokenGranted | SubmissionRefused:
    """A token, or why there is none. Nothing has been pushed without one, so a refusal is certain in any case."""
    objection = objection_in(body)
    answer = read_as(body, TokenAnswer)
    if status == OK and objection is None and answer is not None and _TOKEN.fullmatch(answer.access_token):
        return TokenGranted(Secret(answer.access_token), _lifetime_seconds(answer.expires_in))
    if status == _BAD_REQUEST and not body.strip():
        # `daraja: Token errors`: this is how a wrong key or secret was seen to be answered.
        return SubmissionRefused("", "Daraja refused the consumer key and secret.", "access_refused", Fault.OURS, False)
    if objection is None:
        return unavailable(f"No access token: {unreadable(status, content_type, body)}.")
    if status in _REFUSING_STATUSES and status != TOO_MANY:
        message = shown(objection.text, hide)
        return SubmissionRefused(code_shown(objection), message, "access_refused", Fault.OURS, False)
    return unavailable(f"No access token: {complained(status, objection, hide)}.", code_shown(objection))


def unavailable(message: str, code: str = "", fault: Fault = Fault.DARAJA) -> SubmissionRefused:
    """Nothing was sent that could have done anything, and a later try may go better."""
    return SubmissionRefused(code, message, "daraja_unavailable", fault, True)


def too_late() -> SubmissionRefused:
    """Nothing was sent, because the deadline of the request had passed before it could be (law: push)."""
    return SubmissionRefused("", "The deadline had passed, so nothing was sent.", NOT_SENT, Fault.OURS, True)


def is_limit(code: str) -> bool:
    """Whether an error code says that we ask too often (daraja: push errors; daraja: rate limit fault)."""
    return code in _LIMITS or code.startswith(GATEWAY_LIMITS)


def _accepted(body: bytes, hide: Hide) -> Accepted | None:
    answer = read_as(body, PushAnswer)
    checkout_request_id = clean_id(answer.CheckoutRequestID) if answer is not None else None
    if answer is None or checkout_request_id is None or clean_code(answer.ResponseCode) != SUCCESS:
        return None
    merchant_request_id = clean_id(answer.MerchantRequestID) or ""
    return Accepted(checkout_request_id, merchant_request_id, shown(answer.CustomerMessage, hide))


def _refusal(status: int, objection: Objection, hide: Hide) -> SubmissionRefused | None:
    """The two rows of refusals in the table of (law: push); None where the objection leaves open what happened."""
    code, message = code_shown(objection), shown(objection.text, hide)
    if objection.code == MIXED_ERROR:
        return _mixed_refusal(objection, message)
    if objection.code in _LIMITS or status == TOO_MANY:
        return unavailable(message, code)
    # A code of the 500 family under a status of the 400 family contradicts itself, and so proves nothing.
    if status not in _REFUSING_STATUSES or objection.code.startswith("5"):
        return None
    if _is_about_token(status, objection):
        return SubmissionRefused(code, message, "access_refused", Fault.OURS, False)
    known = error_meaning(objection.code)
    reason = known.reason if known is not None and known.final else "daraja_refused"
    if objection.code == INVALID_FIELD and names_the_phone(objection.text):
        return SubmissionRefused(code, message, PHONE_REFUSED, Fault.CUSTOMER, False)
    return SubmissionRefused(code, message, reason, Fault.OURS, False)


def _mixed_refusal(objection: Objection, message: str) -> SubmissionRefused | None:
    reason = REFUSING_TEXTS.get(objection.text)
    if reason is None:
        return None
    locked = reason == REFUSING_TEXTS[SUBSCRIBER_LOCKED]
    return SubmissionRefused(objection.code, message, reason, Fault.CUSTOMER if locked else Fault.OURS, locked)


def _is_about_token(status: int, objection: Objection) -> bool:
    return status == UNAUTHORIZED or (status in _TOKEN_STATUSES and objection.code in TOKEN_ERRORS)


def _query_refused(status: int, objection: Objection, hide: Hide) -> Silent | TokenRefused:
    refusal = _refusal(status, objection, hide) if _is_about_token(status, objection) else None
    if refusal is not None:
        return TokenRefused(refusal)
    limited = status == TOO_MANY or is_limit(objection.code)
    wrong = objection.code == MIXED_ERROR and REFUSING_TEXTS.get(objection.text) == REFUSING_TEXTS[WRONG_CREDENTIALS]
    return Silent(complained(status, objection, hide), limited=limited, wrong_credentials=wrong)


def _lifetime_seconds(value: str | int) -> int:
    text = str(value).strip()
    return int(text) if _SECONDS.fullmatch(text) else _USUAL_LIFETIME_SECONDS
