"""What will happen by itself, in the order of its time."""

import heapq
from typing import Literal, NamedTuple

from pokea.clock import Instant
from pokea.simulator.callbacks import PlannedCallback

Act = Literal["answer", "end", "send", "sweep"]
"""The phone's owner acts; the payment ends with a code; a callback goes out; the accounts are emptied for the night."""


class Step(NamedTuple):
    """One thing that is due; of two at one instant, the one that was planned first comes first."""

    due: Instant
    number: int
    checkout_request_id: str
    """Empty for what belongs to no payment."""
    act: Act
    code: str = ""
    delivery: PlannedCallback | None = None


class TimerQueue:
    """Steps that wait for their time."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._planned = 0

    def plan(
        self, due: Instant, checkout_request_id: str, act: Act, code: str = "", delivery: PlannedCallback | None = None
    ) -> None:
        """Let this happen at `due`."""
        self._planned += 1
        heapq.heappush(self._steps, Step(due, self._planned, checkout_request_id, act, code, delivery))

    def next_due(self) -> Instant | None:
        """When the next step is due; None when nothing waits."""
        return self._steps[0].due if self._steps else None

    def pop(self, now: Instant) -> Step | None:
        """The next step that is due by `now`."""
        return heapq.heappop(self._steps) if self._steps and self._steps[0].due <= now else None
