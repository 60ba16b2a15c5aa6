"""Undoes what a relay did to a callback's body on its way: compression, an encoding, a form, JSON as text in JSON.

A body is unwrapped layer by layer, each way that fits it. What comes out is only offered: `callback.read_relayed` reads
it, and none of it is believed for having been found here. The candidates are bounded in number and in length, because
a stranger may send them: a body that unpacks to a gigabyte costs no more than one that does not.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

LARGEST_UNWRAPPED_BYTES: Final = 64 * 1024
_MOST_CANDIDATES: Final = 16
_MOST_FIELDS: Final = 50
_ANY_ZLIB_HEADER: Final = 47
"""zlib's `wbits` for gzip and zlib alike, told apart by their headers."""
_NO_HEADER: Final = -15
"""zlib's `wbits` for deflate without a header, which some senders mean by `deflate`."""
_ZLIB_STARTS: Final = (b"\x1f\x8b", b"\x78")
_PADDING: Final = b"\0 \t\r\n"
_FORM: Final = re.compile(rb"[\w.%+\[\]-]{1,64}=")


class Unwrapped(NamedTuple):
    """What a body may have been. `verbatim`: only its transfer was undone, so the message is the sender's own."""

    body: bytes
    verbatim: bool


def unwrapped(body: bytes, content_encoding: str = "") -> Iterator[Unwrapped]:
    """What `body` may have been before it was relayed, the likeliest first; the body itself is not among it.

    `content_encoding` is the header of that name. Never raises.
    """
    waiting = [Unwrapped(body, verbatim=True)]
    if "deflate" in content_encoding.lower():
        waiting.extend(Unwrapped(plain, verbatim=True) for plain in _inflated(body, _NO_HEADER))
        yield from waiting[1:]
    for outer in waiting:
        for inner in _layers(outer.body):
            if len(waiting) > _MOST_CANDIDATES:
                return
            found = Unwrapped(inner.body[:LARGEST_UNWRAPPED_BYTES], outer.verbatim and inner.verbatim)
            waiting.append(found)
            yield found


def _layers(body: bytes) -> Iterator[Unwrapped]:
    """What is left when one layer is taken off, in each way that fits."""
    if body.startswith(_ZLIB_STARTS):
        yield from (Unwrapped(plain, verbatim=True) for plain in _inflated(body, _ANY_ZLIB_HEADER))
    encoding = json.detect_encoding(body)
    if not encoding.startswith("utf-8"):
        yield Unwrapped(body.decode(encoding, "replace").encode(), verbatim=True)
    bare = body.strip(_PADDING)
    if bare != body:
        yield Unwrapped(bare, verbatim=False)
    parts = _form_parts(bare) if _FORM.match(bare) else [*_json_within(bare), *_texts_within(bare)]
    yield from (Unwrapped(part.encode(errors="replace"), verbatim=False) for part in parts)


def _inflated(body: bytes, wbits: int) -> Iterable[bytes]:
    try:
        plain = zlib.decompressobj(wbits).decompress(body, LARGEST_UNWRAPPED_BYTES)
    except zlib.error:
        return []
    return [plain] if plain else []


def _form_parts(body: bytes) -> list[str]:
    """The values of a form that may be JSON, and the form itself as an object."""
    try:
        fields = parse_qsl(body.decode(errors="replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return []
    return [*(value for _, value in fields if "{" in value), json.dumps(dict(fields))]


def _json_within(body: bytes) -> list[str]:
    """The first object that stands somewhere in the text: in a part of a form, behind a prefix, before a remainder."""
    text = body.decode(errors="replace")
    start = text.find("{")
    if start < 0:
        return []
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return []
    return [text[start:end]] if (start, end) != (0, len(text)) else []


def _texts_within(body: bytes) -> list[str]:
    """Texts of the JSON that may be JSON themselves: the whole of it, or a value of the outermost object."""
    try:
        tree = json.loads(body.decode(errors="replace"))
    except (ValueError, RecursionError):
        return []
    values = tree.values() if isinstance(tree, dict) else [tree]
    return [value for value in values if isinstance(value, str) and "{" in value]
