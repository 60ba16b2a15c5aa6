"""Running HTTP applications until somebody presses Ctrl-C."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn

from pokea.api.protocol import ShortProtocol
from pokea.errors import PokeaError

SWITCH_INTERVAL_SECONDS = 0.0005
"""With the default of 5 ms a busy event loop keeps the writer's thread waiting for the interpreter."""
GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""Nearly all that a request makes goes when it is answered. With the default of 700 objects, garbage is looked for
among those of requests that still wait, at a twentieth of all CPU."""
_BACKLOG = 2048
_STOPPED_BY = {signal.SIGINT: 130, signal.SIGTERM: 0}


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def configuration(application: Any, host: str, port: int) -> uvicorn.Config:
    """How every application is served: our own log lines, no header that names the server."""
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="uvloop",
        http=ShortProtocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        # The gate reads X-Forwarded-For by itself, from POKEA_TRUSTED_PROXIES alone.
        proxy_headers=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=55,
        backlog=_BACKLOG,
    )


def prepare_interpreter() -> None:
    """Set the interpreter up for serving, once the application is built.

    The writer's thread gets its turn soon; and what was built is never searched for garbage again, because a search
    through all of it holds every answer up for a tenth of a second.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that is listened on from now: whoever connects before the application runs waits for it.

    Raises PokeaError when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as failure:
        listener.close()
        reason = failure.strerror or "it cannot be used"
        raise PokeaError(f"Port {port} on {host}: {reason}. Choose another with --port.") from None
    return listener


async def run_together(
    configurations: Sequence[uvicorn.Config], sockets: Sequence[socket.socket], stopping: Callable[[], None]
) -> int:
    """Serve until SIGINT or SIGTERM, then end cleanly; a second signal ends at once. Returns the exit code.

    `stopping` is called first, for streams to end by themselves.
    """
    prepare_interpreter()
    servers = [_Server(each) for each in configurations]
    received: list[int] = []

    def stop(number: int) -> None:
        received.append(number)
        stopping()
        for server in servers:
            server.force_exit = len(received) > 1
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in _STOPPED_BY:
        loop.add_signal_handler(number, stop, number)
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener])) for server, listener in zip(servers, sockets, strict=True)
    ]
    # The simulator is served last and must outlive the service, which may still wait for its answers.
    for task in tasks:
        await task
    failed = any(not server.started for server in servers)
    return 1 if failed and not received else _STOPPED_BY.get(signal.Signals(received[0]), 0) if received else 0
