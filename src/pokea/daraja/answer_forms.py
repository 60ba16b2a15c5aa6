"""The forms in which Daraja, its gateway, and what stands before them answer a request (daraja: error envelope;
daraja: rate limit fault; daraja: firewall bodies).

Only a body in Daraja's own form or in its gateway's counts as theirs. Headers of Daraja's answers are not known
(daraja: not verified), so the content type decides nothing; it is said where a body is neither.
"""

import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias, TypeVar

from pokea.daraja.fields import clean_code
from pokea.daraja.wire import ErrorAnswer, FaultAnswer, Unreadable, decode
from pokea.redact import masked_beginning

OK: Final = 200
UNAUTHORIZED: Final = 401
TOO_MANY: Final = 429
LONGEST_TEXT: Final = 200
_KIND: Final = re.compile(r"[A-Za-z0-9.+-]{1,40}/[A-Za-z0-9.+-]{1,40}")

T = TypeVar("T")
Hide: TypeAlias = Callable[[str], str]
"""Takes what must not be seen out of a text of Daraja's, since one of its errors repeats the token (daraja: Token
behaviour)."""


class Objection(NamedTuple):
    """An error in Daraja's form or in the gateway's. `text` is as it came, and no reader sees it before `shown` has
    masked it. `is_fault`: it is the gateway's."""

    code: str
    text: str
    is_fault: bool = False


def read_as(body: bytes, message: type[T]) -> T | None:
    """The body as a `message`, also with broken characters in its texts; None when it is none."""
    for form in (body, _mended(body)):
        try:
            return decode(form, message)
        except Unreadable:
            continue
    return None


def _mended(body: bytes) -> bytes:
    """A body with what is broken in its texts replaced: a bad character in a sentence must not cost a push its id.

    Broken UTF-8, a mark at the beginning, control characters and halves of surrogate pairs; the rest stays unreadable.
    """
    try:
        tree = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        return b""
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace")


def objection_in(body: bytes) -> Objection | None:
    """The error that the body is, in Daraja's form (daraja: error envelope) or in the gateway's (daraja: rate limit
    fault)."""
    error = read_as(body, ErrorAnswer)
    if error is not None and error.errorCode:
        return Objection(error.errorCode.strip(), error.errorMessage)
    answer = read_as(body, FaultAnswer)
    if answer is None or not (answer.fault.detail.errorcode or answer.fault.faultstring):
        return None
    return Objection(answer.fault.detail.errorcode.strip(), answer.fault.faultstring, is_fault=True)


def shown(text: str, hide: Hide) -> str:
    """The beginning of a text of Daraja's, masked."""
    return masked_beginning(text, LONGEST_TEXT, hide)


def code_shown(objection: Objection) -> str:
    """The objection's code; empty where that is no code."""
    return clean_code(objection.code) or ""


def complained(status: int, objection: Objection, hide: Hide) -> str:
    """A sentence about an answer that is an error."""
    return f"Daraja answered {status} with error {code_shown(objection)}: {shown(objection.text, hide)}"


def unreadable(status: int, content_type: str, body: bytes) -> str:
    """A sentence about an answer that is neither Daraja's nor its gateway's, and repeats nothing of it."""
    if read_as(body, dict) is not None:
        return f"Daraja answered {status} with JSON that is not the answer it should be"
    kind = content_type if _KIND.fullmatch(content_type) else "unnamed"
    return f"Daraja answered {status} with {kind} content that is not Daraja's"
