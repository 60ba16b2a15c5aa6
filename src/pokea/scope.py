"""Whose data a statement may see: every installation serves at least one merchant, and later several.

A store's functions take a `Scope`, so that a statement that forgets the merchant does not pass the type checker. Only
the machinery that finds rows by their unguessable ids works across merchants.
"""

from typing import Final, NamedTuple


class Scope(NamedTuple):
    """The merchant whose rows are read or written."""

    merchant_id: int


DEFAULT_SCOPE: Final = Scope(1)
"""The one merchant, `default`, of an installation that has made no other."""
