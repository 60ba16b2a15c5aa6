"""Bearer tokens signed with the secret that the service and the shop's back end share (POKEA_JWT_SECRET).

A back end signs one for itself, and one for each customer whose page shows the checkout. A customer's token opens that
customer's own bookings and payments, and nothing else.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from pokea.client.surroundings import unix_now

CUSTOMER_SCOPES: Final = ("payments:write", "payments:read", "bookings:write")
ADMIN_SCOPES: Final = ("admin",)
_SHORTEST_SECRET: Final = 32
_LONGEST_SUBJECT: Final = 128
_HEAD: Final = {"alg": "HS256", "typ": "JWT"}
_RENEWED_BEFORE_SECONDS: Final = 60


def sign_token(
    secret: str,
    subject: str,
    scopes: Iterable[str] = CUSTOMER_SCOPES,
    *,
    lifetime_seconds: int = 3600,
    now: float | None = None,
) -> str:
    """A token for a customer, whose id is `subject`, or with other scopes. Raises ValueError for what is refused."""
    if len(secret) < _SHORTEST_SECRET:
        raise ValueError(
            f"the secret needs {_SHORTEST_SECRET} characters or more; it is the service's POKEA_JWT_SECRET"
        )
    if not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise ValueError(f"a subject is text of 1 to {_LONGEST_SUBJECT} printable characters")
    expires_at = int(unix_now() if now is None else now) + lifetime_seconds
    claims = {"sub": subject, "exp": expires_at, "scope": " ".join(scopes)}
    signed = b".".join(_encoded(msgspec.json.encode(each)) for each in (_HEAD, claims))
    return (signed + b"." + _encoded(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()


def own_tokens(
    secret: str,
    subject: str = "shop",
    scopes: Iterable[str] = ADMIN_SCOPES,
    *,
    lifetime_seconds: int = 3600,
    now: Callable[[], float] = unix_now,
) -> Callable[[], str]:
    """What gives a back end its token, signed anew shortly before the last one expires: for `Pokea(url, token=…)`."""
    kept: tuple[float, str] = (0.0, "")
    wanted = tuple(scopes)

    def token() -> str:
        nonlocal kept
        at = now()
        if at >= kept[0]:
            signed = sign_token(secret, subject, wanted, lifetime_seconds=lifetime_seconds, now=at)
            kept = (at + lifetime_seconds - _RENEWED_BEFORE_SECONDS, signed)
        return kept[1]

    return token


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
