"""Asking a running program over HTTP, and waiting for what is meant to happen."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

PATIENCE_SECONDS: Final = 20.0
_FIRST_PAUSE_SECONDS: Final = 0.004
_LONGEST_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTP answer whose body was JSON, or text where it was not; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Any


def call(
    method: str,
    url: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = 60,
) -> HttpAnswer:
    """Send one request; any status is an answer. Bytes go as they are, everything else as JSON. Raises OSError."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json"} | dict(headers or {}), method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as response:
            return _answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _answer(refusal.code, refusal.headers, refusal.read())


def _answer(status: int, headers: Any, content: bytes) -> HttpAnswer:
    try:
        body = json.loads(content)
    except ValueError:
        body = content.decode("utf-8", "replace")
    return HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)


def eventually(found: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first truthy thing found after pauses of so many seconds in all; fails the test with `what` otherwise.

    The pauses are counted and not the clock, so that a busy machine, on which each look takes long, is given the looks
    that an idle one would have.
    """
    pause, paused = _FIRST_PAUSE_SECONDS, 0.0
    while paused < seconds:
        thing = found()
        if thing:
            return thing
        time.sleep(pause)
        paused += pause
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    raise AssertionError(f"not within {seconds:g} s: {what}")
