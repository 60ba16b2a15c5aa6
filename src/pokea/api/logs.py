"""Log lines: one a record, plain, masked, with the id of the request in which it was written."""

import logging
from contextvars import ContextVar
from typing import TextIO

from pokea.clock import Clock, iso
from pokea.redact import MaskingFormatter

request_id_of_context: ContextVar[str] = ContextVar("request_id", default="-")
"""The request that the running task answers."""


class LineFormatter(MaskingFormatter):
    """`time level logger [request id] message`, all on one line, a traceback included, and masked as a whole."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("%(levelname)s %(name)s [%(request_id)s] %(message)s")
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        record.request_id = request_id_of_context.get()
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
