"""Running HTTP applications until Ctrl-C."""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn

from pokea.api.http.limits import ConnectionLimits
from pokea.api.http.room import Room
from pokea.api.protocol import FastPathProtocol
from pokea.errors import PokeaError
from pokea.settings import Settings

SWITCH_INTERVAL_SECONDS = 0.0005
"""With the default of 5 ms a busy event loop keeps the writer's thread waiting for the interpreter."""
GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""The objects of a request are freed by reference count when it is answered. With the default threshold of 700 the
collector keeps scanning those of requests that still wait, at a twentieth of all CPU."""
_BACKLOG = 2048
_STOPPED_BY = {signal.SIGINT: 130, signal.SIGTERM: 0, signal.SIGHUP: 129}
_ANSWERED_WITHIN_SECONDS: Final = 24
"""So long a server that stops waits for the answers that are being made; a push lets go of Daraja before."""
_MOST_FILES_KEPT_FREE: Final = 256
"""For the database, Daraja, the log and what a command opens."""
_FILES_WITHOUT_LIMIT: Final = 1_000_000

_log = logging.getLogger("pokea.server")


class _Server(uvicorn.Server):
    """A server that leaves the signals to the program that runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def limits_of(settings: Settings) -> ConnectionLimits:
    """The bounds of a connection under these settings."""
    return ConnectionLimits(
        head_bytes=settings.pokea_head_bytes,
        head_fields=settings.pokea_head_fields,
        head_seconds=settings.pokea_head_seconds,
        idle_seconds=settings.pokea_idle_seconds,
        unread_seconds=settings.pokea_unread_seconds,
    )


def configuration(application: Any, host: str, port: int, limits: ConnectionLimits | None = None) -> uvicorn.Config:
    """How every application is served: our own log lines, no header that names the server."""
    # Uvicorn calls it for each connection, whatever it is; each process counts with a Room of its own.
    protocol: Any = partial(FastPathProtocol, limits=limits or ConnectionLimits(), room=Room(connections_that_fit))
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="uvloop",
        http=protocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        # The gate reads X-Forwarded-For by itself, from POKEA_TRUSTED_PROXIES alone.
        proxy_headers=False,
        date_header=True,
        timeout_graceful_shutdown=_ANSWERED_WITHIN_SECONDS,
        backlog=_BACKLOG,
    )


def raise_file_limit() -> None:
    """Let this process open as many files, and so connections, as the operating system allows it at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        _log.warning("The limit of open files stays at %d (ulimit -n); the system does not let it be raised.", soft)


def connections_that_fit() -> int:
    """How many connections the limit of open files leaves room for, besides what is open and what must stay free."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        limit = _FILES_WITHOUT_LIMIT
    listed = Path("/proc/self/fd")
    opened = len(os.listdir(listed)) if listed.is_dir() else 0
    return max(1, limit - opened - min(_MOST_FILES_KEPT_FREE, limit // 4))


def prepare_interpreter() -> None:
    """Set the process up for serving, once the application is built.

    The writer's thread gets its turn soon; and what was built is never searched for garbage again, because a search
    through all of it holds every answer up for a tenth of a second.
    """
    raise_file_limit()
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def listening_socket(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket that is listened on from now: a client that connects before the application runs waits for it.

    Raises PokeaError that names the option to change when the host is not this machine's, or the port is taken; the
    port's is `option`.
    """
    if not host.strip():
        # An empty name would listen to all the world.
        raise PokeaError("--host is empty: give 127.0.0.1, or 0.0.0.0 for all addresses of this machine.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, UnicodeError) as failure:
        listener.close()
        raise PokeaError(_why_not_there(host, port, option, failure)) from None
    return listener


def _why_not_there(host: str, port: int, option: str, failure: OSError | UnicodeError) -> str:
    if isinstance(failure, socket.gaierror | UnicodeError):
        return f"--host {host} is the name of no machine: give an address of this one, such as 127.0.0.1."
    if failure.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"--host {host} is no address of this machine: give 127.0.0.1, or 0.0.0.0 for all that it has."
    return f"Port {port} on {host}: {failure.strerror or 'it cannot be used'}. Choose another with {option}."


async def run_together(
    configurations: Sequence[uvicorn.Config], sockets: Sequence[socket.socket], stopping: Callable[[], None]
) -> int:
    """Serve until SIGINT or SIGTERM, then end cleanly; a second signal ends at once. Returns the exit code.

    A terminal that is closed ends it as well. Without one, SIGHUP asks a daemon for its new settings; they are read
    at the start only, so it is logged and changes nothing. `stopping` is called first, for streams to end by
    themselves. The servers end one after another: each of them may wait for answers of the next.
    """
    prepare_interpreter()
    servers = [_Server(each) for each in configurations]
    received: list[int] = []

    def stop(number: int) -> None:
        received.append(number)
        stopping()
        servers[0].should_exit = True
        for server in servers if len(received) > 1 else ():
            server.force_exit = server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    # What `nohup` ignores stays ignored.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, *((stop, signal.SIGHUP) if sys.stdin.isatty() else (_stay,)))
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener])) for server, listener in zip(servers, sockets, strict=True)
    ]
    for task, server in zip(tasks, servers, strict=True):
        server.should_exit |= task is not tasks[0]
        await task
    failed = any(not server.started for server in servers)
    return 1 if failed and not received else _STOPPED_BY.get(signal.Signals(received[0]), 0) if received else 0


def _stay() -> None:
    _log.warning("SIGHUP changes nothing: settings are read at the start. Restart to change them.")
