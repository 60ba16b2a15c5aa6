"""Log lines: one a record, plain, masked, with the id of the request in which it was written."""

import logging
from contextvars import Context, ContextVar, copy_context
from typing import TextIO

from pokea.clock import Clock, iso
from pokea.redact import MaskingFormatter


class RunningRequest:
    """A request for as long as it is answered.

    Tasks that outlive it inherit its context. They see it nameless then, so that their lines are not taken for its own.
    """

    __slots__ = ("id",)

    def __init__(self, request_id: str) -> None:
        self.id = request_id

    def end(self) -> None:
        """It has been answered."""
        self.id = _NO_REQUEST


_NO_REQUEST = "-"
running_request: ContextVar[RunningRequest | None] = ContextVar("running_request", default=None)
"""The request that the running task answers, or that it was begun by."""


def outside_requests() -> Context:
    """A copy of the running context that belongs to no request, for work that lasts longer than the running one."""
    # A copy, not an empty context: what belongs to the process stays, and the work ends together with it.
    context = copy_context()
    context.run(running_request.set, None)
    return context


class LineFormatter(MaskingFormatter):
    """`time level logger [request id] message`, all on one line, a traceback included, and masked as a whole."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("%(levelname)s %(name)s [%(request_id)s] %(message)s")
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        running = running_request.get()
        record.request_id = running.id if running is not None else _NO_REQUEST
        line = f"{iso(self._clock.now())} {super().format(record)}"
        if line.isprintable():
            return line
        return "".join(character if character.isprintable() else _escaped(character) for character in line)


def _escaped(character: str) -> str:
    return "\\n" if character == "\n" else f"\\x{ord(character):02x}"


def configure_logging(clock: Clock, stream: TextIO, level: int = logging.INFO) -> None:
    """Send every logger's lines to `stream`; the server's own access log, which knows no masks, stays silent."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(clock))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = name != "uvicorn.access"
    # Their news of every start would bury ours.
    for name in ("uvicorn.error", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
