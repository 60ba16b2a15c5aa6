"""Callbacks as relays deliver them: compressed, encoded, in a form, as text in JSON; and bodies made to cost much."""

import base64
import gzip
import json
import time
import zlib
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pokea.daraja.callback import read_callback, read_relayed
from pokea.daraja.relayed import LARGEST_UNWRAPPED_BYTES, unwrapped
from tests.daraja.test_callback import CHECKOUT_ID, PAID, callback, wrapped

BODY = wrapped(callback())
TEXT = BODY.decode()
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--b\r\nContent-Disposition: form-data; name="data"\r\nContent-Type: application/json\r\n\r\n'
    + BODY
    + b"\r\n--b--"
)


def raw_deflate(body: bytes) -> bytes:
    """Deflate without zlib's header, as some senders understand the word."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


TRANSFERRED = {
    "gzip": (gzip.compress(BODY), "gzip"),
    "gzip that nobody announced": (gzip.compress(BODY), ""),
    "gzip with another announcement": (gzip.compress(BODY), "br"),
    "gzip twice": (gzip.compress(gzip.compress(BODY)), "gzip, gzip"),
    "deflate": (zlib.compress(BODY), "deflate"),
    "deflate without a header": (raw_deflate(BODY), "deflate"),
    "deflate at its fastest": (zlib.compress(BODY, 1), "Deflate"),
    "UTF-16 with a mark": (TEXT.encode("utf-16"), ""),
    "UTF-16, little end first": (TEXT.encode("utf-16-le"), ""),
    "UTF-16, big end first": (TEXT.encode("utf-16-be"), ""),
    "UTF-32": (TEXT.encode("utf-32"), ""),
    "UTF-16 in gzip": (gzip.compress(TEXT.encode("utf-16")), "x-gzip"),
}
ENCLOSED = {
    "text in JSON": json.dumps(TEXT).encode(),
    "text in text in JSON": json.dumps(json.dumps(TEXT)).encode(),
    "text in a field": json.dumps({"event": "stk", "payload": TEXT}).encode(),
    "a form's field": urlencode({"data": TEXT}).encode(),
    "a form's field among others": urlencode({"a": "1", "b[c]": "", "payload": TEXT}).encode(),
    "a form's field with blanks as %20": b"json=" + quote(TEXT).encode(),
    "a form of flat fields": urlencode(
        {"CheckoutRequestID": CHECKOUT_ID, "ResultCode": "0", "MerchantRequestID": "29115-34620561-1"}
    ).encode(),
    "several parts": MULTIPART,
    "a NUL at the end": BODY + b"\0",
    "many NULs": b"\0\0" + BODY + b"\0" * 9,
    "a second body behind it": BODY + b"\r\n" + BODY,
    "a prefix against scripts": b")]}',\n" + BODY,
    "inside XML": b"<json><![CDATA[" + BODY + b"]]></json>",
    "a form in gzip": gzip.compress(urlencode({"data": TEXT}).encode()),
}
NOTHING = {
    "nothing": b"",
    "blanks": b" \n",
    "half a callback": BODY[: len(BODY) // 2],
    "half of a compressed one": gzip.compress(bytes(range(256)) * 9)[:200],
    "a gzip header alone": b"\x1f\x8b\x08",
    "base64": base64.b64encode(BODY),
    "XML": b"<?xml version='1.0'?><a>1</a>",
    "bytes": bytes(range(256)),
    "a form of other things": b"a=1&b=2",
    "braces without end": b"{" * 60_000,
    "texts without end": json.dumps({str(number): "{" for number in range(4_000)}).encode(),
}


@pytest.mark.parametrize("what", TRANSFERRED)
def test_what_was_only_transferred_otherwise_keeps_its_worth(what: str) -> None:
    """A compressed body, and one in another encoding of Unicode, says what Daraja's own says and proves as much."""
    body, encoding = TRANSFERRED[what]
    assert read_callback(body) is None
    assert read_relayed(body, encoding) == PAID


@pytest.mark.parametrize("what", ENCLOSED)
def test_what_was_found_inside_something_else_is_a_claim(what: str) -> None:
    """A callback in a form, in a text or among other bytes is understood, and is not canonical."""
    reading = read_relayed(ENCLOSED[what])
    assert reading is not None
    assert not reading.canonical
    if "flat" in what:
        assert (reading.code, reading.checkout_request_id) == ("0", CHECKOUT_ID)
    else:
        assert reading == replace(PAID, canonical=False)


@pytest.mark.parametrize("what", NOTHING)
def test_what_holds_no_callback_says_nothing(what: str) -> None:
    """Where nothing of a payment is found the answer is None, and no exception."""
    assert read_relayed(NOTHING[what], "gzip, deflate, br") is None


@given(st.binary(max_size=400), st.sampled_from(["", "gzip", "deflate", "identity", "br;q=0", "☃"]))
def test_no_body_raises(body: bytes, encoding: str) -> None:
    """Any bytes with any announcement are read in a bounded number of ways."""
    found = list(unwrapped(body, encoding))
    assert len(found) <= 40
    read_relayed(body, encoding)


@pytest.mark.parametrize("packed", [gzip.compress, zlib.compress, raw_deflate])
def test_a_body_that_unpacks_to_a_gigabyte_costs_no_more_than_one_that_does_not(
    packed: Callable[[bytes], bytes],
) -> None:
    """What comes out of a compressed body is cut at the bound of a body."""
    bomb = packed(b'{"a":"' + b" " * 50_000_000)
    began = time.process_time()
    assert all(len(found.body) <= LARGEST_UNWRAPPED_BYTES for found in unwrapped(bomb, "deflate"))
    assert read_relayed(bomb, "deflate") is None
    assert time.process_time() - began < 1
