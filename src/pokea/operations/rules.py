"""What the law counts in, as values: the decision and the schedule of a kind of operation take its rules.

The numbers are the law's (law: evidence; law: time; law: inquiries).

A push has PushRules; an attempt of money out has AttemptRules, in `disbursements/rules.py`. Why there are two decisions
and not one that takes either is in docs/decisions/0049-two-decisions-each-with-its-rules.md.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from pokea.clock import HOUR, SECOND, Instant
from pokea.daraja.codes.lookup import Finality, Meaning, meaning
from pokea.operations.evidence import Evidence


class Rules(Struct, frozen=True, kw_only=True):
    """What every kind of operation has that Daraja is asked about.

    `agreement`: so far apart, answers that name a failure prove it together. `second_opinion`: after so long a lone one
    is asked again. `expedite_every`: so often at most what proves nothing brings a question forward.
    """

    agreement: Instant
    second_opinion: Instant
    expedite_every: Instant

    def agree(self, answered_at: Sequence[Instant]) -> bool:
        """Whether answers that came then, and name the same failure, prove it."""
        return bool(answered_at) and max(answered_at) - min(answered_at) >= self.agreement

    def expedited_at(self, doubted_at: Instant | None, last_inquiry_at: Instant | None) -> Instant | None:
        """When to ask because of what came last and proves nothing; None where nothing came since the last question."""
        if doubted_at is None or doubted_at < (last_inquiry_at or 0):
            return None
        return max(doubted_at, last_inquiry_at + self.expedite_every) if last_inquiry_at else doubted_at


class PushRules(Rules, frozen=True, kw_only=True):
    """What a push has besides.

    `meaning` is that of a result code, None for an unknown one. `lock_grace`: so long after `expires_at` booking and
    phone stay locked without a proved end. `first_question` is counted from the push's acceptance, and the `gaps`
    between questions follow, the last one again and again, until `give_up` after the payment was made.
    """

    meaning: Callable[[str], Meaning | None]
    lock_grace: Instant
    first_question: Instant
    gaps: tuple[Instant, ...]
    give_up: Instant

    def is_final_failure(self, item: Evidence) -> bool:
        """Whether the item's code is one that Daraja never takes back (daraja: finality)."""
        known = self.meaning(item.code) if item.code is not None else None
        return known is not None and known.finality is Finality.UNPAID

    def gap(self, inquiries: int) -> Instant:
        """The pause after question number `inquiries` (from 1)."""
        return self.gaps[min(inquiries, len(self.gaps)) - 1]


STK_PUSH: Final = PushRules(
    agreement=10 * SECOND,
    second_opinion=11 * SECOND,
    expedite_every=60 * SECOND,
    meaning=meaning,
    lock_grace=60 * SECOND,
    first_question=15 * SECOND,
    gaps=tuple(seconds * SECOND for seconds in (15, 20, 30, 45, 60, 90, 120, 300, 600, 1800, 3600)),
    give_up=24 * HOUR,
)
