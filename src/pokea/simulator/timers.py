"""What will happen by itself, in the order of its time."""

import heapq
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from pokea.clock import Instant
from pokea.simulator.callbacks import PlannedCallback

Act: TypeAlias = Callable[[Instant], None]
"""What happens at the instant that is passed in: a phone's owner acts, a payment ends, accounts are emptied."""


class Step(NamedTuple):
    """One thing that is due, an act or a sending; of two at one instant, the one that was planned first comes first."""

    due: Instant
    number: int
    act: Act | None = None
    delivery: PlannedCallback | None = None


class TimerQueue:
    """Steps that wait for their time."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._planned = 0

    def plan(self, due: Instant, act: Act) -> None:
        """Let this happen at `due`."""
        self._push(Step(due, self._planned, act))

    def send(self, delivery: PlannedCallback) -> None:
        """Let this go out when it is due."""
        self._push(Step(delivery.due, self._planned, None, delivery))

    def _push(self, step: Step) -> None:
        self._planned += 1
        heapq.heappush(self._steps, step)

    def next_due(self) -> Instant | None:
        """When the next step is due; None when nothing waits."""
        return self._steps[0].due if self._steps else None

    def pop(self, now: Instant) -> Step | None:
        """The next step that is due by `now`."""
        return heapq.heappop(self._steps) if self._steps and self._steps[0].due <= now else None
