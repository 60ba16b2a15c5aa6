"""Ports for what tests start, so that no two of their processes are given the same one."""

import contextlib
import itertools
import os
import socket
from typing import Final

_FIRST: Final = 20_000
"""Below those that the system gives to whoever calls."""
_OF_EACH_PROCESS: Final = 1_000
_PROCESSES: Final = 10
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    """A port on which nothing listens at the moment; each process that runs tests takes its own."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
    first = _FIRST + process * _OF_EACH_PROCESS
    for _ in range(_OF_EACH_PROCESS):
        port = first + next(_numbers) % _OF_EACH_PROCESS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
