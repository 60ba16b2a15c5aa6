"""`make mutations`: breaks the code in every way of the catalogue; the exit code says whether each was noticed.

make mutations ARGS="--count 300 --only retry_an_unknown_push"
"""

import argparse
import os
import sys

from tests.mutations.catalogue import MUTATIONS
from tests.mutations.run import Hunt, hunt_all


def main() -> int:
    """Run what was asked for; 0 when no mutation survived, else 1."""
    asked = _arguments()
    chosen = [mutation for mutation in MUTATIONS if not asked.only or mutation.name in asked.only]
    _say(f"{len(chosen)} mutations, each in universes from seed {asked.seed} on, {asked.count} at most:")
    survivors = []
    for found in hunt_all(chosen, asked.seed, asked.count, asked.processes):
        _say(_sentence(found))
        if found.seed is None:
            survivors.append(found.mutation.name)
    _say(f"{len(chosen) - len(survivors)} of {len(chosen)} mutations were caught.")
    if survivors:
        _say(f"Survived: {', '.join(survivors)}.")
    return 1 if survivors else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutations", description="Break the code on purpose.")
    parser.add_argument("--seed", type=int, default=1, help="the first universe of each mutation")
    parser.add_argument("--count", type=int, default=150, help="how many universes a mutation may survive")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="mutations at a time")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="these mutations", choices=[m.name for m in MUTATIONS]
    )
    return parser.parse_args()


def _sentence(found: Hunt) -> str:
    if found.seed is None:
        return f"  {found.mutation.name:<38} SURVIVED {found.universes} universes. {found.mutation.harm}"
    by = ", ".join(found.rules)
    return f"  {found.mutation.name:<38} after {found.universes:>3}, at seed {found.seed}, by {by}: {found.where[:120]}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
