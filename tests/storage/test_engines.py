"""Connections whose opening is broken off."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from pokea.storage.engines import postgres_engine

_PIECE_BYTES = 65_536
_DESCRIPTORS = Path("/proc/self/fd")


class CuttingRelay:
    """A way to a PostgreSQL that lets every client in, and hangs up on the first one that sets a limit."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        """Let no client in any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(self._server) as server:
                answering = threading.Thread(target=_pass_on, args=(server, client))
                answering.start()
                while (piece := client.recv(_PIECE_BYTES)) and b"statement_timeout" not in piece:
                    server.sendall(piece)
                for end in (server, client):
                    end.shutdown(socket.SHUT_RDWR)
                answering.join()


def _pass_on(server: socket.socket, client: socket.socket) -> None:
    while piece := server.recv(_PIECE_BYTES):
        client.sendall(piece)


@pytest.fixture
def cut_url(empty_postgres_url: str) -> Iterator[str]:
    """The address of a database whose connections break as soon as they are prepared."""
    url = make_url(empty_postgres_url)
    assert url.host is not None
    assert url.port is not None
    relay = CuttingRelay(url.host, url.port)
    yield url.set(host="127.0.0.1", port=relay.port).render_as_string(hide_password=False)
    relay.close()


@pytest.mark.skipif(not _DESCRIPTORS.exists(), reason="this system does not list a process's open files")
def test_a_connection_that_breaks_while_it_is_opened_keeps_no_file_open(cut_url: str) -> None:
    """However often a server lets the service in and hangs up at once, as many files are open afterwards as before."""
    engine = postgres_engine(cut_url, limited=True)

    def attempt() -> int:
        with pytest.raises(OperationalError):
            engine.connect()
        return len(os.listdir(_DESCRIPTORS))

    try:
        # The relay closes its own ends a moment later, so what is counted is what grows.
        first = attempt()
        assert max(attempt() for _ in range(20)) < first + 10
    finally:
        engine.dispose()
