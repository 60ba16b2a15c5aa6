"""`make fuzz`: feeds every parser for minutes; the exit code says whether each stood it.

make fuzz ARGS="--minutes 10 --seed 7"
"""

import argparse
import random
import sys

from tests.fuzz.run import feed_all
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run what was asked for; 0 when nothing was found, else 1."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Feed every parser with what nobody would send.")
    parser.add_argument("--minutes", type=float, default=10, help="how long, all of them together")
    parser.add_argument("--examples", type=int, default=2_000, help="how many inputs of one seed")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; 0 draws one")
    asked = parser.parse_args()
    first_seed = asked.seed or random.randrange(1, 1_000_000)
    sys.stdout.write(f"{len(TARGETS)} parsers, {asked.minutes:g} minutes, seed {first_seed}\n")
    sys.stdout.flush()
    found = feed_all(TARGETS, asked.minutes, asked.examples, first_seed)
    for name, (count, failure) in found.items():
        sys.stdout.write(f"  {name:<26} {count:>9} inputs  {'sound' if failure is None else 'FAILED'}\n")
        if failure is not None:
            sys.stdout.write(f"    {failure}\n")
    sys.stdout.write(f"{sum(count for count, _ in found.values())} inputs.\n")
    return 1 if any(failure for _, failure in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
