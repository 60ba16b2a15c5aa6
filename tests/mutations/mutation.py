"""What one defect is: the texts that it replaces, and what it would do."""

from collections.abc import Sequence
from typing import NamedTuple


class Edit(NamedTuple):
    """In this file of `src/pokea`, `before` (which stands there once) becomes `after`."""

    file: str
    before: str
    after: str


class Mutation(NamedTuple):
    """One defect. `harm` is what it would do; `money_out`: it does it only where money goes out, `webhooks`: where
    events are sent."""

    name: str
    harm: str
    edits: Sequence[Edit]
    money_out: bool = False
    webhooks: bool = False
