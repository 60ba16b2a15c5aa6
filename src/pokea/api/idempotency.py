"""The Idempotency-Key header: which call this is, however often it is sent."""

import hashlib

from starlette.requests import Request

from pokea.api.auth.callers import Caller
from pokea.errors import ApiError, invalid
from pokea.storage.idempotency import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
"""The header of an answer that repeats the first one."""
LONGEST_KEY = 255


def idempotency_key(request: Request, caller: Caller, route: str, body: bytes) -> IdempotencyKey | None:
    """The key that the caller sent with this body to this route, if any; raises ApiError naming the header.

    `body` is whatever must be the same for a call to be the same: best the model's own JSON, so that white space and
    the order of fields do not count.
    """
    sent = request.headers.getlist(HEADER)
    if not sent:
        return None
    key = sent[0]
    printable = key.isascii() and key.isprintable()
    if len(sent) > 1 or not 0 < len(key) <= LONGEST_KEY or not printable:
        raise invalid(HEADER, f"`{HEADER}` must be one value of 1 to {LONGEST_KEY} printable ASCII characters.")
    return IdempotencyKey(caller.scope.merchant_id, caller.subject, route, key, hashlib.sha256(body).hexdigest())


def required_key(request: Request, caller: Caller, route: str, body: bytes) -> IdempotencyKey:
    """The same where a call must have a key; raises ApiError `idempotency_key_required` without one."""
    key = idempotency_key(request, caller, route, body)
    if key is None:
        raise ApiError("idempotency_key_required", f"Send `{HEADER}`: this call may move money, and is made once.")
    return key
