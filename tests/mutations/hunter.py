"""Runs universes on whatever `pokea` this interpreter finds, until one breaks a rule; prints what it found as JSON.

A process of its own, started with a mutated tree in front of its path: `hunter.py FIRST_SEED COUNT MONEY_OUT`,
the last 1 or 0.
"""

import json
import sys

from pokea.universe.run import Universes


def main() -> None:
    """Print the first seed that breaks a rule, and the rules; `seed` is null when none of them did."""
    first, count, money_out = (int(each) for each in sys.argv[1:4])
    universes = Universes()
    found: dict[str, object] = {"seed": None, "universes": count, "violations": []}
    for number, seed in enumerate(range(first, first + count), start=1):
        outcome = universes.run(seed, money_out=bool(money_out))
        if outcome.violations:
            violations = [[each.rule, each.where] for each in outcome.violations]
            found = {"seed": seed, "universes": number, "violations": violations}
            break
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
