"""What happens, as it happens, for the handset page: prompts, messages, and the wire with its secrets masked."""

import re
from collections import deque
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec

from pokea.clock import Instant, iso
from pokea.daraja import wire

_KEPT: Final = 1_000
_LONGEST_TEXT: Final = 2_000
_ADDRESS_FIELDS: Final = frozenset({"callbackurl", "resulturl", "queuetimeouturl"})
_SECRET_FIELDS: Final = frozenset({"password", "securitycredential", "access_token"})
_LIKELY_TOKEN: Final = re.compile(r"[A-Za-z0-9_~.-]{16,}")
_ECHOED_TOKEN: Final = re.compile(r"(Invalid Access Token\s*-\s*)\S+")


class LoggedBody:
    """A body of the wire; masked only when somebody looks at it, since most of the time nobody does."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw


class Happening(NamedTuple):
    """One thing that happened; `id` counts up from 1."""

    id: int
    kind: str
    at: Instant
    data: dict[str, Any]

    def as_event(self) -> bytes:
        """The server-sent event, its secrets masked."""
        data = msgspec.json.encode({"at": iso(self.at), **self.data}, enc_hook=_shown)
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.id, self.kind.encode(), data)


def _shown(value: Any) -> Any:
    if isinstance(value, LoggedBody):
        return masked_body(value.raw)
    raise NotImplementedError(f"the feed cannot show a {type(value).__name__}")


class EventLog:
    """The last thousand happenings."""

    def __init__(self) -> None:
        self._kept: deque[Happening] = deque(maxlen=_KEPT)
        self.last_id = 0

    def add(self, kind: str, at: Instant, /, **data: Any) -> None:
        """Something happened."""
        self.last_id += 1
        self._kept.append(Happening(self.last_id, kind, at, data))

    def since(self, last_id: int) -> list[Happening]:
        """What came after `last_id` and is still kept."""
        return [happening for happening in self._kept if happening.id > last_id]


def masked_body(body: bytes) -> Any:
    """A body of the wire for people to look at: JSON where it is JSON, without its secrets."""
    try:
        return _masked(wire.decode_any(body))
    except wire.Unreadable:
        return body[:_LONGEST_TEXT].decode(errors="replace")


def masked_url(url: str) -> str:
    """The address with whatever in its path or query looks like a token masked."""
    parts = urlsplit(url)
    path = "/".join("****" if _LIKELY_TOKEN.fullmatch(part) else part for part in parts.path.split("/"))
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path, "****" if parts.query else "", ""))


def _masked(value: Any, name: str = "") -> Any:
    if name.lower() in _SECRET_FIELDS:
        return "****"
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    if isinstance(value, str):
        return _masked_text(value, name)
    return value


def _masked_text(text: str, name: str) -> str:
    if name.lower() in _ADDRESS_FIELDS:
        try:
            return masked_url(text)
        except ValueError:
            return "****"
    return _ECHOED_TOKEN.sub(r"\1****", text[:_LONGEST_TEXT])
