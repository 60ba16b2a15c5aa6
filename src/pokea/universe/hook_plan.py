"""What one seed decides about webhooks: the endpoints of a share of the universes, and how their receivers behave.

It is drawn from a generator of its own, so that what the seed draws about payments stays as it is.
"""

import random
from collections.abc import Sequence
from typing import Final

from pokea.universe.plan import Plan, PlannedEndpoint, Spell
from pokea.universe.process import CrashPoint

KINDS: Final = ("dead", "slow", "too slow", "unanswered", "wrong", "moved", "busy", "gone")
"""No connection; an answer after seconds, or after more than it may take; taken and not answered, so that it comes
twice; an error; a redirect; a pause that is asked for; 410, which disables the endpoint."""
_ONE_IN: Final = 5
_LONGEST_SECONDS: Final = 7_200.0
_MADE_WITHIN_SECONDS: Final = 600.0
_TYPES: Final = (("*",), ("payment.*",), ("payment.*", "booking.*"), ("booking.*", "payment.completed"))
_POINTS: Final = (
    *("send webhook", "send webhook", "commit take_turn", "commit take_turn", "commit number_events"),
    *("commit make_endpoint", "commit enable"),
)


def hook_chance(seed: int) -> random.Random:
    """The generator of a seed's webhooks."""
    return random.Random(f"webhooks {seed}")  # noqa: S311 - it draws universes


def with_endpoints(plan: Plan, chance: random.Random) -> Plan:
    """The plan with what its seed's generator of webhooks draws: in most universes nothing."""
    # A breaker that was open for a day would outlast them.
    if chance.randrange(_ONE_IN) or plan.run_on_seconds > _LONGEST_SECONDS:
        return plan
    dooms = [_doom(chance) for _ in range(chance.choice((1, 2, 3)))] if chance.randrange(2) else plan.dooms
    endpoints = [_endpoint(number, plan.active_seconds, chance) for number in range(chance.choice((1, 2, 3)))]
    return plan._replace(dooms=dooms, endpoints=endpoints)


def _doom(chance: random.Random) -> CrashPoint:
    return CrashPoint(f"{chance.choice(('before', 'after'))} {chance.choice(_POINTS)}", chance.randrange(1, 12))


def _endpoint(number: int, active_seconds: float, chance: random.Random) -> PlannedEndpoint:
    made = chance.choice((0.0, chance.uniform(0, _MADE_WITHIN_SECONDS)))
    is_deleted = not chance.randrange(8)
    return PlannedEndpoint(
        host=f"shop-{number + 1}.test",
        types=chance.choice(_TYPES),
        latest_only=not chance.randrange(6),
        made_at_seconds=made,
        deleted_at_seconds=chance.uniform(made, active_seconds) if is_deleted else None,
        spells=_spells(made, active_seconds, chance),
    )


def _spells(begins: float, ends: float, chance: random.Random) -> Sequence[Spell]:
    """One after another, with good times between them."""
    found, at = [], begins
    for _ in range(chance.randrange(5)):
        at += chance.uniform(0, 200)
        lasts = chance.choice((chance.uniform(5, 60), chance.uniform(60, 400), chance.uniform(400, 900)))
        if at + lasts < ends:
            found.append(Spell(at, at + lasts, chance.choice(KINDS)))
        at += lasts
    return found
