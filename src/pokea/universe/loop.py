"""An event loop whose time is a number: it jumps to whatever is due next, and waits for nothing.

Every task and every timer belongs to a life (one run of a process of the service) or to the world. When a life ends,
nothing of it runs again, not even a `finally`, as with a process that is killed (law: universes).
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")


class Deadlocked(Exception):
    """Every task waits, and nothing will ever happen again."""


class Spinning(Exception):
    """The universe has used up its budget of turns or of transactions: something runs in circles."""


class Mortal(Protocol):
    """A life, as the loop sees it."""

    over: bool
    tasks: list[asyncio.Task[Any]]

    def step(self) -> None:
        """Something of this life is about to be run."""
        ...

    def block(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Do what would block a thread, in this life's own time."""
        ...


LIFE: Final[ContextVar[Mortal | None]] = ContextVar("life", default=None)
"""Whose code is running; None is the world: customers, Daraja, the network."""


class _Leap:
    """Stands in for the selector: instead of waiting it moves the time on."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.leap(timeout)
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs tasks as asyncio does; a real socket or thread fails loudly, since there is nothing to wait with."""

    _ready: Any
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, most_turns: int) -> None:
        super().__init__()
        self.turns = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self._most_turns = most_turns
        self._now_seconds = 0.0
        self._failure: BaseException | None = None
        self._selector = _Leap(self)

    def time(self) -> float:
        """Seconds since the universe began."""
        return self._now_seconds

    def fail(self, failure: BaseException) -> None:
        """End the run with this failure at the next turn."""
        self._failure = self._failure or failure

    def oversleep(self, seconds: float) -> None:
        """Let so much time pass at once, as for a machine that was suspended: what was due meanwhile is late."""
        self._now_seconds += seconds

    def leap(self, timeout: float | None) -> None:
        """Move on to the next thing that is due. Raises Deadlocked, Spinning, or what `fail` was given."""
        self.turns += 1
        if self._failure is not None:
            raise self._failure
        if self.turns > self._most_turns:
            raise Spinning(f"more than {self._most_turns} turns of the loop")
        if timeout is None:
            raise Deadlocked("every task waits for another one")
        if timeout > 0:
            self._now_seconds = max(self._now_seconds, self._scheduled[0].when())

    def call_soon(  # type: ignore[override]  # the types of a callback's arguments are asyncio's to keep
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's own; what belongs to a life that is over does not happen."""
        life = LIFE.get() if context is None else context.get(LIFE)
        handle = super().call_soon(callback, *args, context=context)
        if life is not None:
            if life.over:
                handle.cancel()
            else:
                life.step()
        return handle

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's own; what belongs to a life that is over does not happen."""
        life = LIFE.get() if context is None else context.get(LIFE)
        handle = super().call_at(when, callback, *args, context=context)
        if life is not None and life.over:
            handle.cancel()
        return handle

    def create_task(  # type: ignore[override]  # the options differ from one Python to the next
        self, coro: Coroutine[Any, Any, T], **options: Any
    ) -> asyncio.Task[T]:
        """As asyncio's own; tasks are kept, so that no collector closes one that was abandoned."""
        task = super().create_task(coro, **options)
        self.tasks.append(task)
        life = options["context"].get(LIFE) if options.get("context") is not None else LIFE.get()
        if life is not None:
            life.tasks.append(task)
        return task

    def run_in_executor(  # type: ignore[override]  # as above
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Work that would block a thread: a life's in the life's own time, the world's at once."""
        life = LIFE.get()
        if life is not None:
            return life.block(lambda: func(*args))
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as failure:
            future.set_exception(failure)
        return future

    def after_this_step(self, callback: Callable[[], object]) -> None:
        """Run a callback of the world before any other task has its turn."""
        self._ready.appendleft(asyncio.Handle(callback, (), self, context=Context()))

    def abandon(self, life: Mortal) -> None:
        """Let nothing of this life that is already due happen."""
        for handle in (*self._ready, *self._scheduled):
            if handle._context.get(LIFE) is life:
                _excuse(handle)
                handle.cancel()

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no events but time."""

    def _write_to_self(self) -> None:
        """Nobody needs to be woken from a wait that never is."""


def _excuse(handle: asyncio.Handle) -> None:
    """A failure that was about to be taken when the process died is not one that nothing has looked at."""
    for argument in handle._args or ():
        if isinstance(argument, asyncio.Future) and argument.done() and not argument.cancelled():
            argument.exception()
