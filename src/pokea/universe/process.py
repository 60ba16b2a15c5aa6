"""One life of the service: a process from its start to its end, its ports, and the point at which it is killed.

A kill comes between any two steps, or at a named point: before or after a commit, a send, or an answer. From then on
nothing of this life runs, its connections are cut as a kernel cuts them, and its ports raise (law: universes).
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, NamedTuple, Protocol, TypeVar

from pokea.clock import SECOND, Instant
from pokea.universe.loop import LIFE, VirtualLoop

T = TypeVar("T")


class Dead(BaseException):
    """A port was used after its life had ended."""


class CrashPoint(NamedTuple):
    """Where a life is killed: the `nth` time that it passes `point`, or the `nth` step if `point` is empty."""

    point: str
    nth: int


class _Connection(NamedTuple):
    cut: Callable[[], None]
    inbound: bool


class Works(Protocol):
    """What does a life's blocking work: its disk."""

    def block(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Do it in this life's time."""
        ...


class Process:
    """One process of the service."""

    def __init__(self, loop: VirtualLoop, number: int, skew: Instant, doom: CrashPoint | None) -> None:
        self.loop = loop
        self.name = f"service {number}"
        self.skew = skew
        self.over = False
        self.tasks: list[asyncio.Task[Any]] = []
        self.disk: Works | None = None
        self.on_death: Callable[[str], None] = lambda _why: None
        self._doom = doom
        self._passed: dict[str, int] = {}
        self._steps = 0
        self._connections: dict[int, _Connection] = {}
        self._opened = 0
        self._context = copy_context()
        self._context.run(LIFE.set, self)

    def run(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start a task of this life."""
        return self.loop.create_task(work, context=self._context.copy())

    def step(self) -> None:
        """Something of this life is about to be run; it may be the last."""
        self._steps += 1
        if self._doom is not None and not self._doom.point and self._steps == self._doom.nth:
            self.loop.after_this_step(lambda: self.kill(f"at step {self._steps}"))

    def dies_at(self, point: str) -> bool:
        """Whether the process is killed here; a caller that hears yes must not go on."""
        if self.over:
            return True
        self._passed[point] = times = self._passed.get(point, 0) + 1
        if self._doom == (point, times):
            self.kill(point if times == 1 else f"{point}, time {times}")
        return self.over

    async def survive(self, point: str) -> None:
        """Returns if the process lives through this point, and never otherwise."""
        if self.dies_at(point):
            await self.loop.create_future()

    def kill(self, why: str) -> None:
        """End this life now."""
        if not self.over:
            self.over = True
            self.loop.abandon(self)
            for connection in list(self._connections.values()):
                connection.cut()
            self._connections.clear()
            self.on_death(why)

    def spare(self) -> None:
        """Let it live."""
        self._doom = None

    def block(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Blocking work, done by the disk. Raises Dead."""
        self.check()
        assert self.disk is not None  # noqa: S101 - a life gets its disk before it gets its service
        return self.disk.block(work)

    def check(self) -> None:
        """Raises Dead when this life is over."""
        if self.over:
            raise Dead(self.name)

    def connected(self, cut: Callable[[], None], *, inbound: bool) -> int:
        """A connection is open, which `cut` ends when the process dies; answers its number."""
        self._opened += 1
        self._connections[self._opened] = _Connection(cut, inbound)
        return self._opened

    def disconnected(self, number: int) -> None:
        """The connection has ended by itself."""
        self._connections.pop(number, None)

    @property
    def is_serving(self) -> bool:
        """Whether requests are being answered."""
        return any(each.inbound for each in self._connections.values())


class LifeClock:
    """A clock of the universe: the loop's time from an epoch on, wrong by a skew; a life's own stops with it."""

    def __init__(self, loop: VirtualLoop, epoch: Instant, life: Process | None = None) -> None:
        self._loop = loop
        self._epoch = epoch + (life.skew if life else 0)
        self._life = life

    def now(self) -> Instant:
        """The present instant. Raises Dead."""
        if self._life is not None:
            self._life.check()
        return self._epoch + round(self._loop.time() * SECOND)
