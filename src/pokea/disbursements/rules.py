"""What the law of money out counts in, as a value (law: proof of money out; law: finding out)."""

from collections.abc import Callable
from typing import Final

from pokea.clock import HOUR, SECOND, Instant
from pokea.daraja.codes.out_codes import out_finality
from pokea.daraja.codes.types import OutFinality
from pokea.operations.rules import Rules


class AttemptRules(Rules, frozen=True, kw_only=True):
    """What an attempt has besides.

    `finality` is that of a Result's code. `questions` are when they are due, counted from the beginning of the sending;
    after the last one giving up is a person's.
    """

    finality: Callable[[str | None], OutFinality]
    questions: tuple[Instant, ...]

    def next_question(self, began_at: Instant, after: Instant) -> Instant | None:
        """The first question after this moment of a sending that began then; None after the last."""
        return next((at for offset in self.questions if (at := began_at + offset) > after), None)


_FIRST_SECONDS: Final = (30, 60, 120, 240, 480, 900, 1800)
_DAY: Final = 24
MONEY_OUT: Final = AttemptRules(
    agreement=60 * SECOND,
    second_opinion=61 * SECOND,
    expedite_every=60 * SECOND,
    finality=out_finality,
    questions=(
        *(seconds * SECOND for seconds in _FIRST_SECONDS),
        *(hours * HOUR for hours in range(1, _DAY + 1)),
        *(hours * HOUR for hours in range(_DAY + 6, 7 * _DAY + 1, 6)),
    ),
)
"""Of B2C payments and of reversals alike."""
