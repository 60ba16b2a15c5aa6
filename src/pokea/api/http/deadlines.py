"""Time-outs of a connection that cost next to nothing while it is busy."""

import asyncio
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from typing import Any, Final

_READ_MEANWHILE_BYTES: Final = 16 * 1024
"""A client that reads so much of its answer in the time that it has is slow, and not gone."""


class ConnectionDeadline:
    """Calls once its time has come.

    Its timer is not moved when the deadline moves away, only looked at when it fires: a busy connection sets its
    deadline for every answer.
    """

    __slots__ = ("_at", "_call", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop = loop
        self._call: Callable[[], None] | None = call
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, after_seconds: float) -> None:
        """Call in so many seconds from now, and no longer when it was to be before."""
        self._at = at = self._loop.time() + after_seconds
        if self._timer is None:
            self._timer = self._loop.call_at(at, self._look)
        elif self._timer.when() > at:
            self._timer.cancel()
            self._timer = self._loop.call_at(at, self._look)

    def clear(self) -> None:
        """Do not call."""
        self._at = None

    def left_seconds(self) -> float:
        """The time until it calls; 0 when it will not."""
        return 0.0 if self._at is None else self._at - self._loop.time()

    def end(self) -> None:
        """Never call again, and hold on to nothing."""
        self._at = self._call = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._at is None or self._call is None:
            return
        # The loop rounds its timers to milliseconds.
        if self._loop.time() + 0.001 < self._at:
            self._timer = self._loop.call_at(self._at, self._look)
        else:
            self._at = None
            self._call()


class ReaderWatch:
    """Aborts a connection whose client does not read what was written to it."""

    __slots__ = ("_timer", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, within_seconds: float) -> None:
        """See within so many seconds, again and again, that something was read meanwhile."""
        if self._timer is None:
            self._timer = loop.call_later(within_seconds, self._look, loop, within_seconds, self._unread_bytes())

    def stop(self) -> None:
        """Everything has been read, or nothing more will be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop, within_seconds: float, before_bytes: int) -> None:
        self._timer = None
        read_bytes = before_bytes - self._unread_bytes()
        if read_bytes >= min(_READ_MEANWHILE_BYTES, before_bytes):
            self.start(loop, within_seconds)
        else:
            self._transport.abort()

    def _unread_bytes(self) -> int:
        """What waits in this process and in the operating system, which takes megabytes before it asks for more."""
        waiting = self._transport.get_write_buffer_size()
        connection: Any = self._transport.get_extra_info("socket")
        # Not every system tells, and a connection may have ended.
        with suppress(OSError, ValueError, AttributeError):
            waiting += int.from_bytes(ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
        return waiting
