"""Feeds a target for so many examples, and tells what it did not stand."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.inputs import Target


class Fed(NamedTuple):
    """How often a target was run, and the failure that was found, with the smallest input that shows it."""

    examples: int
    failure: str | None


def feed(target: Target, first_seed: int, examples: int) -> Fed:
    """Run the target on so many inputs drawn from this seed; a failure is shrunk before it is told."""
    run = 0
    last: list[Any] = []

    def check(value: Any) -> None:
        nonlocal run
        run += 1
        last[:] = [value]
        target.check(value)

    bounded = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.target, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    try:
        bounded(seed(first_seed)(given(target.inputs)(check)))()
    except Exception as failure:
        return Fed(run, f"{type(failure).__name__}: {failure}\n  with {last[0]!r:.600}")
    return Fed(run, None)


def feed_all(
    targets: Sequence[Target], minutes: float, examples: int, first_seed: int
) -> dict[str, tuple[int, str | None]]:
    """Each target in its turn, round after round with new seeds, until the time is over; a failed one is left alone."""
    ends_at = time.monotonic() + minutes * 60
    counts = {target.name: 0 for target in targets}
    failures: dict[str, str] = {}
    round_seed = first_seed
    while time.monotonic() < ends_at and len(failures) < len(targets):
        for target in targets:
            if target.name not in failures and time.monotonic() < ends_at:
                fed = feed(target, round_seed, examples)
                counts[target.name] += fed.examples
                if fed.failure is not None:
                    failures[target.name] = fed.failure
        round_seed += 1
    return {name: (count, failures.get(name)) for name, count in counts.items()}
