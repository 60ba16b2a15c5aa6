"""Secrets as the database keeps them."""

import secrets

from pokea.redact import Secret
from pokea.storage.sealing import Seal

KEY, OTHER = Secret("a key of the tests that has enough characters"), Secret("another key of the tests, long enough")


def test_what_is_sealed_is_opened_under_its_name() -> None:
    """The same secret is sealed differently each time, and opened by the key, purpose and name that sealed it."""
    seal = Seal("a purpose", KEY, secrets.token_bytes)
    one, two = seal.close("row", Secret("value")), seal.close("row", Secret("value"))
    assert one != two
    assert seal.open("row", one) == seal.open("row", two) == Secret("value")
    assert b"value" not in one


def test_another_name_purpose_or_key_opens_nothing() -> None:
    """A row that is copied elsewhere, or read without the key, is of no use."""
    sealed = Seal("a purpose", KEY, secrets.token_bytes).close("row", Secret("value"))
    assert Seal("a purpose", KEY, secrets.token_bytes).open("other row", sealed) is None
    assert Seal("other purpose", KEY, secrets.token_bytes).open("row", sealed) is None
    assert Seal("a purpose", OTHER, secrets.token_bytes).open("row", sealed) is None
    assert Seal("a purpose", KEY, secrets.token_bytes).open("row", sealed[:-1]) is None
    assert Seal("a purpose", KEY, secrets.token_bytes).open("row", b"") is None


def test_the_key_of_before_opens_what_it_sealed() -> None:
    """While keys rotate both open, and the new one seals."""
    old = Seal("a purpose", KEY, secrets.token_bytes).close("row", Secret("value"))
    both = Seal("a purpose", OTHER, secrets.token_bytes, KEY)
    assert both.open("row", old) == Secret("value")
    new = both.close("row", Secret("value"))
    assert Seal("a purpose", OTHER, secrets.token_bytes).open("row", new) == Secret("value")
    assert Seal("a purpose", KEY, secrets.token_bytes).open("row", new) is None


def test_an_empty_key_of_before_counts_for_nothing() -> None:
    """A setting that is not set is no key."""
    seal = Seal("a purpose", KEY, secrets.token_bytes, Secret(""))
    assert seal.open("row", seal.close("row", Secret("value"))) == Secret("value")
