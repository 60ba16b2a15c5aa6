"""What many universes came to, as numbers; and one that failed, as a story with the command that tells it again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pokea.universe.chronicle import timeline
from pokea.universe.plan import MONEY_OUT
from pokea.universe.run import UniverseOutcome

_FAULTS = ("daraja.", "network.", "disk.")
_MOST_SHOWN = 400
"""Lines of a timeline that are shown of a failure; `--timeline` shows them all."""


class UniverseFailure(NamedTuple):
    """A universe in which a rule did not hold."""

    seed: int
    money_out: bool
    violations: Sequence[str]
    story: Sequence[str]


class Totals:
    """The sum of all outcomes."""

    def __init__(self) -> None:
        self.universes = 0
        self.counts: Counter[str] = Counter()
        self.simulated_seconds = 0.0
        self.cpu_seconds = 0.0
        self.slowest_seconds = 0.0
        self.failures: list[UniverseFailure] = []

    def add(self, outcome: UniverseOutcome) -> None:
        """One more universe."""
        self.universes += 1
        self.counts.update(outcome.counts)
        self.simulated_seconds += outcome.simulated_seconds
        self.cpu_seconds += outcome.cpu_seconds
        self.slowest_seconds = max(self.slowest_seconds, outcome.cpu_seconds)
        if outcome.violations:
            found = [str(violation) for violation in outcome.violations]
            money_out = outcome.counts.get(MONEY_OUT, 0) > 0
            self.failures.append(UniverseFailure(outcome.seed, money_out, found, timeline(outcome.lines)))
            self.failures.sort(key=lambda failure: failure.seed)

    @property
    def faults(self) -> dict[str, int]:
        """How often each fault acted, by its name."""
        return {name: count for name, count in sorted(self.counts.items()) if name.startswith(_FAULTS)}

    def document(self) -> dict[str, Any]:
        """The whole report for a script."""
        return {
            "universes": self.universes,
            "violations": sum(len(failure.violations) for failure in self.failures),
            "simulatedHours": round(self.simulated_seconds / 3600, 1),
            "cpuSeconds": round(self.cpu_seconds, 2),
            "slowestSeconds": round(self.slowest_seconds, 3),
            "counts": {name: count for name, count in sorted(self.counts.items()) if not name.startswith(_FAULTS)},
            "faults": self.faults,
            "failures": [
                {"seed": failure.seed, "violations": list(failure.violations), "replay": replay(failure)}
                for failure in self.failures
            ],
        }

    def sentences(self) -> list[str]:
        """The report for a person."""
        counts = self.counts
        each = self.cpu_seconds / self.universes * 1000 if self.universes else 0.0
        hours = self.simulated_seconds / 3600
        acted = ", ".join(f"{name.partition('.')[2]} {count}" for name, count in self.faults.items() if count)
        return [
            f"{self.universes} universes, {hours:.0f} simulated hours, {each:.0f} ms of CPU each.",
            f"{counts['payments']} payments, {counts['charges']} charged, in {counts['transactions']} transactions.",
            f"{counts['crashes']} crashes, {counts['deploys']} deploys, {counts['forgeries']} forgeries.",
            f"Faults that acted: {sum(self.faults.values())} ({acted or 'none'}).",
            f"{len(self.failures)} universes broke a rule." if self.failures else "Every rule held in every universe.",
        ]


def replay(failure: UniverseFailure) -> str:
    """The one command that runs this universe again."""
    return f"pokea universe --seed {failure.seed}{' --money-out' if failure.money_out else ''}"


def story_of(failure: UniverseFailure, most_lines: int = _MOST_SHOWN) -> Iterable[str]:
    """A failure as it is printed: what is wrong, how to see it again, and what happened."""
    yield f"Universe {failure.seed} broke {len(failure.violations)} rules:"
    yield from (f"  {violation}" for violation in failure.violations)
    yield f"See it again: {replay(failure)}"
    left_out = len(failure.story) - most_lines
    if left_out > 0:
        yield f"  ({left_out} earlier lines are left out)"
    yield from (f"  {line}" for line in failure.story[-most_lines:])
