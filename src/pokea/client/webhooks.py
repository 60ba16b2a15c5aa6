"""Webhooks of the service, proved and read (law: signing).

A webhook is signed as Standard Webhooks has it: HMAC-SHA256 over its id, the time of this attempt and the body, each
byte as it was sent. After a rotation both secrets sign for a while, so a receiver may know one of them or both.

The same event may come twice, and `id` is the same then: remember it in the transaction that acts on it. The versions
of one object come in their order.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, NoReturn

import msgspec

from pokea.client.failures import WebhookRefused
from pokea.client.surroundings import unix_now

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE_SECONDS: Final = 300
"""An older or newer message is refused: one that was recorded cannot be played again later."""
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"
_LONGEST_TIMESTAMP: Final = 12
_MOST_SIGNATURES: Final = 20


class EventData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The object of an event as it stood at this version; what an object does not have is None."""

    object: str
    """What it is: `payment`, `booking`, `refund`, `payout`, `endpoint`."""
    id: str
    version: int
    """Rises by one with each event of the object."""
    booking_id: str | None = None
    reference: str | None = None
    status: str | None = None
    amount: int | float | None = None
    """In shillings."""
    currency: str | None = None
    receipt: str | None = None
    """M-PESA's receipt."""
    review: tuple[str, ...] = ()
    """Why a person should look at it; mostly empty."""


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. `id` is the key against duplicates; `raw` is the body, with all fields that it has."""

    id: str
    type: str
    """`object.past_tense`, such as `payment.completed`."""
    timestamp: datetime
    data: EventData
    livemode: bool
    """Whether it is about real money."""
    raw: dict[str, object]


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: datetime
    data: EventData
    livemode: bool = False


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Iterable[str],
    now: float | None = None,
    *,
    tolerance_seconds: float = TOLERANCE_SECONDS,
) -> WebhookEvent:
    """The event of a webhook that is proved to be the service's.

    `body` is what came, byte for byte: a body that was parsed and written again has other bytes. `secrets` is the
    secret of the endpoint (`whsec_…`), or several. `now` is in Unix seconds. Raises WebhookRefused for a message that
    is not proved or too old, and ValueError for a secret that is none.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at, signatures = (named.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (message_id and sent_at and signatures):
        _refuse(f"one of the headers {ID}, {TIMESTAMP} and {SIGNATURE} is missing")
    # Only these digits: int() takes signs, spaces, underscores and digits of other scripts.
    if not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) <= _LONGEST_TIMESTAMP):
        _refuse(f"{TIMESTAMP} is not whole Unix seconds")
    if abs((unix_now() if now is None else now) - int(sent_at)) > tolerance_seconds:
        _refuse(f"{TIMESTAMP} is more than {tolerance_seconds:g} s from now; is this machine's clock right?")
    keys = [_key_of(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    signed = f"{message_id}.{sent_at}.".encode() + body
    if not _is_signed(signed, list(_signatures(signatures)), keys):
        _refuse("no signature fits: the secret is another endpoint's, or the body is not as it was sent")
    return _read(message_id, body)


def sign_webhook(message_id: str, sent_at: int, body: bytes, secrets: Iterable[str]) -> str:
    """The `webhook-signature` of a message, for tests of a receiver: one for each secret, in this order."""
    signed = f"{message_id}.{sent_at}.".encode() + body
    return " ".join(f"{_VERSION},{_signature(signed, _key_of(secret))}" for secret in secrets)


def _is_signed(signed: bytes, signatures: list[bytes], keys: list[bytes]) -> bool:
    expected = [_signature(signed, key).encode() for key in keys]
    # Where two differ must not show in the time that the comparison takes.
    return any(hmac.compare_digest(each, given) for each in expected for given in signatures)


def _signature(signed: bytes, key: bytes) -> str:
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _signatures(header: str) -> Iterator[bytes]:
    """The signatures of our version; those of others, as of a version to come, are passed over."""
    for part in header.split(" ")[:_MOST_SIGNATURES]:
        version, _, signature = part.partition(",")
        if version == _VERSION and signature:
            yield signature.encode()


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("a webhook secret is `whsec_` and base64, as the service showed it when the endpoint was made")
    return key


def _read(message_id: str, body: bytes) -> WebhookEvent:
    try:
        read, raw = msgspec.json.decode(body, type=_Body), msgspec.json.decode(body, type=dict[str, object])
    except msgspec.MsgspecError as failure:
        _refuse(f"it is signed, and its body is no event: {failure}")
    return WebhookEvent(
        id=message_id, type=read.type, timestamp=read.timestamp, data=read.data, livemode=read.livemode, raw=raw
    )


def _refuse(why: str) -> NoReturn:
    raise WebhookRefused(f"The webhook is refused: {why}.")
