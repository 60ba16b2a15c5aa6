"""What each process of `pokea serve --workers N` runs: the server calls one of these by its name."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from types import FrameType

from pokea.api.openapi import Application
from pokea.app import open_service
from pokea.cli.counting import metrics_of_process, remove_own_folder
from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.serving import prepare_interpreter
from pokea.settings import load_settings


def with_background() -> Application:
    """The application of a process that also asks Daraja about quiet payments."""
    return _application(background=True)


def without_background() -> Application:
    """The application of a process that only serves."""
    return _application(background=False)


def _application(*, background: bool) -> Application:
    log_to_stderr()
    settings = load_settings()
    service = open_service(settings, background=background, metrics=metrics_of_process())
    _before_the_end(service.release)
    _end_with_the_parent()
    prepare_interpreter()
    return service.application


def _before_the_end(let_go: Callable[[], None]) -> None:
    """Let streams end by themselves when this process is told to: the server waits for them.

    The server asks for the application inside its loop, after it has taken the signals.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        taken = signal.getsignal(number)

        def stop(received: int, frame: FrameType | None, taken: object = taken) -> None:
            loop.call_soon_threadsafe(let_go)
            if callable(taken):
                taken(received, frame)

        signal.signal(number, stop)


def _end_with_the_parent() -> None:
    """End cleanly also when the process that began this one is killed, so that the port does not stay taken."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, _end, parent.sentinel)


def _end(sentinel: int) -> None:
    asyncio.get_running_loop().remove_reader(sentinel)
    # The parent would have done it. What is counted from here on goes to files that are open, and is not read again.
    remove_own_folder()
    signal.raise_signal(signal.SIGTERM)
