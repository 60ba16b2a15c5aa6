"""A running simulator for each test that asks, with options where it needs them."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from tests.simulator.running import Daraja, Receiver, running_receiver, running_simulator

StartDaraja: TypeAlias = Callable[..., Daraja]


@pytest.fixture(scope="session")
def ending() -> Iterator[list[threading.Thread]]:
    """The threads of simulators that were told to stop, joined when all tests are over."""
    threads: list[threading.Thread] = []
    yield threads
    for thread in threads:
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The merchant's server."""
    with running_receiver() as running:
        yield running


@pytest.fixture
def start_daraja(receiver: Receiver, ending: list[threading.Thread]) -> Iterator[StartDaraja]:
    """Starts a simulator with switches."""
    with contextlib.ExitStack() as stack:
        yield lambda **switches: stack.enter_context(running_simulator(receiver, ending, **switches))


@pytest.fixture
def daraja(start_daraja: StartDaraja) -> Daraja:
    """A simulator as it is by default."""
    return start_daraja()
