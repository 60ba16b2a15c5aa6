"""What was seen on the wire and in the log, for the rules that compare the books with the truth."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from pokea.daraja.b2c import B2C_PATH
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.redact import mask
from pokea.transport import Reply
from pokea.universe.disk import INJECTED
from pokea.universe.network import ARRIVED_SECONDS, Sent
from pokea.universe.process import Process

_TOKEN_REFUSALS = ("404.001.03", "401.002.01", "404.001.04")
_UNAUTHORIZED = 401
_OK = 200
_REFUSALS = range(400, 500)


class Push:
    """One request for a prompt, as it left a process.

    `asked_at_seconds` is when the process was asked for it, None if by no request; times are the loop's.
    """

    def __init__(self, callback_url: str, sender: Process, asked_at_seconds: float | None) -> None:
        self.callback_url = callback_url
        self.asked_at_seconds = asked_at_seconds
        self.left_at_seconds = sender.loop.time()
        self.left = True
        self.refused = False
        self.token_refused = False
        self.answered_with: str | None = None
        self.sender = sender

    @property
    def name(self) -> str:
        """What names the payment in its address."""
        return name_of(self.callback_url)


class OutSend:
    """One request that may move money out, as it left a process.

    `is_durable`: its address was in the database by then.
    """

    def __init__(self, result_url: str, is_durable: bool) -> None:
        self.token = name_of(result_url)
        self.is_durable = is_durable
        self.left = True
        self.token_refused = False


class Wire:
    """A tap on what the service sends to Daraja. `is_known` says whether the address of a token is in the database."""

    def __init__(self, is_known: Callable[[str], bool] = lambda _token: True) -> None:
        self.pushes: list[Push] = []
        self.out: list[OutSend] = []
        self._is_known = is_known

    def leaves(self, sent: Sent, sender: Process) -> int:
        """A request is on its way; a push gets a number from 1, money out one below 0, anything else 0."""
        if "stkpush/" in sent.url:
            self.pushes.append(Push(json.loads(sent.body or b"{}")["CallBackURL"], sender, ARRIVED_SECONDS.get()))
            return len(self.pushes)
        if sent.url.endswith((B2C_PATH, REVERSAL_PATH)):
            result_url = json.loads(sent.body or b"{}")["ResultURL"]
            self.out.append(OutSend(result_url, self._is_known(name_of(result_url))))
            return -len(self.out)
        return 0

    def comes(self, number: int, reply: Reply | None) -> None:
        """What the process was told of it."""
        if not number or reply is None:
            return
        token_refused = reply.status == _UNAUTHORIZED or any(code.encode() in reply.body for code in _TOKEN_REFUSALS)
        if number < 0:
            self.out[-number - 1].token_refused = token_refused
            return
        push = self.pushes[number - 1]
        push.token_refused = token_refused
        push.refused = reply.status in _REFUSALS and not push.token_refused
        push.answered_with = _accepted_as(reply)

    def never_left(self, number: int) -> None:
        """The process was told that it never left."""
        if number > 0:
            self.pushes[number - 1].left = False
        elif number < 0:
            self.out[-number - 1].left = False


def _accepted_as(reply: Reply) -> str | None:
    """The id that the answer to a push gives it."""
    try:
        answer = json.loads(reply.body)
        return answer["CheckoutRequestID"] if reply.status == _OK and answer["ResponseCode"] == "0" else None
    except (ValueError, KeyError, TypeError):
        return None


def name_of(callback_url: str) -> str:
    """The last part of a callback address, which names the payment at its own."""
    return urlsplit(callback_url).path.rpartition("/")[2]


class Acknowledged(NamedTuple):
    """A body that the service has acknowledged, and the last part of its address (empty at the bare one)."""

    name: str
    body: bytes


class LogLine(NamedTuple):
    """One line of the log: as it was written, and whether it is an alert or has a failure in it that nobody planned."""

    line: str
    stumbled: bool


class Log(logging.Handler):
    """Keeps every line that is logged, unmasked, and finds what must not be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[LogLine] = []
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        line = f"{record.levelname} {record.name} {record.getMessage()}"
        failure = ""
        if record.exc_info:
            failure = self._formatter.formatException(record.exc_info)
        is_asyncio = record.name == "asyncio" and record.levelno >= logging.ERROR
        # The audit's alerts: the service itself has found its books wrong.
        is_alert = record.name == "pokea.books" and record.levelno >= logging.CRITICAL
        stumbled = bool(failure) or is_asyncio or is_alert
        self.said.append(LogLine(f"{line}\n{failure}", stumbled and INJECTED not in failure))

    def leaks(self, secrets: dict[str, str]) -> list[str]:
        """Lines that show a secret after they have been masked, as every line is before it is printed."""
        found = []
        for line, _ in self.said:
            shown: str | None = None
            for what, secret in secrets.items():
                if secret in line:
                    shown = mask(line) if shown is None else shown
                    if re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w.])", shown):
                        found.append(f"{what} stands in the log: {shown.splitlines()[0][:120]}")
        return found

    def stumbles(self) -> list[str]:
        """Failures that were logged and that the universe has not caused by breaking the database."""
        return [line for line, stumbled in self.said if stumbled]


@contextmanager
def listening(log: Log, level: int) -> Iterator[None]:
    """Until it is left, whatever this process logs at `level` and above goes to `log` and nowhere else."""
    root = logging.getLogger()
    handlers, before = root.handlers[:], root.level
    root.handlers[:] = [log]
    root.setLevel(level)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(before)
