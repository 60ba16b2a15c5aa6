"""Runs universes on whatever `pokea` this interpreter finds, until one breaks a rule; prints what it found as JSON.

A process of its own, started with a mutated tree in front of its path: `hunter.py FIRST_SEED COUNT MONEY_OUT WEBHOOKS`,
the last two 1 or 0: with webhooks only seeds count in whose universes events are sent.
"""

import itertools
import json
import random
import sys

from pokea.universe.hook_plan import hook_chance, with_endpoints
from pokea.universe.plan import plan_of
from pokea.universe.run import Universes


def has_endpoints(seed: int) -> bool:
    """Whether events are sent in the universe of this seed."""
    plan = plan_of(seed, random.Random(seed))
    return bool(with_endpoints(plan, hook_chance(seed)).endpoints)


def main() -> None:
    """Print the first seed that breaks a rule, and the rules; `seed` is null when none of them did."""
    first, count, money_out, webhooks = (int(each) for each in sys.argv[1:5])
    universes = Universes()
    found: dict[str, object] = {"seed": None, "universes": count, "violations": []}
    seeds = (seed for seed in itertools.count(first) if not webhooks or has_endpoints(seed))
    for number, seed in enumerate(itertools.islice(seeds, count), start=1):
        outcome = universes.run(seed, money_out=bool(money_out))
        if outcome.violations:
            violations = [[each.rule, each.where] for each in outcome.violations]
            found = {"seed": seed, "universes": number, "violations": violations}
            break
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
