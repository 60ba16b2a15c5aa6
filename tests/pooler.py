"""Poolers that give each transaction another session: a small one of our own, and PgBouncer where it is installed."""

import asyncio
import contextlib
import os
import pwd
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.ports import free_port
from tests.postgres import owned_folder

_SSL, _GSS, _PROTOCOL = 80877103, 80877104, 196608
_SESSIONS = 3
_PATIENCE_SECONDS = 20.0


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


class _Session:
    """A session of the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.greeting = b""

    async def greet(self, user: str, database: str) -> None:
        words = b"".join(f"{word}\0".encode() for word in ("user", user, "database", database)) + b"\0"
        self.writer.write(struct.pack("!II", len(words) + 8, _PROTOCOL) + words)
        kind = b""
        while kind != b"Z":
            kind, whole = await _message(self.reader)
            self.greeting += whole if kind == b"S" else b""


class TransactionPooler:
    """Speaks PostgreSQL's protocol to clients, and gives each of their transactions a session by chance."""

    def __init__(self, url: str) -> None:
        self._to = make_url(url)
        self._chance = random.Random(1)
        self._free: list[_Session] = []
        self._freed = asyncio.Condition()

    async def serve(self, listener: socket.socket, ended: asyncio.Event) -> None:
        """Pool until `ended`."""
        for _ in range(_SESSIONS):
            session = _Session(*await asyncio.open_connection(self._to.host, self._to.port))
            await session.greet(self._to.username or "", self._to.database or "")
            self._free.append(session)
        server = await asyncio.start_server(self._client, sock=listener)
        await ended.wait()
        server.close()
        for session in self._free:
            session.writer.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await self._welcome(reader, writer)
            await self._pass_on(reader, writer)
        writer.close()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        code = 0
        while code != _PROTOCOL:
            length, code = struct.unpack("!II", await reader.readexactly(8))
            await reader.readexactly(length - 8)
            if code in (_SSL, _GSS):
                writer.write(b"N")
        made_up_key = struct.pack("!cIII", b"K", 12, 4_000_000, 1)
        writer.write(struct.pack("!cII", b"R", 8, 0) + self._free_greeting() + made_up_key + b"Z\0\0\0\x05I")

    def _free_greeting(self) -> bytes:
        return self._free[0].greeting if self._free else b""

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: _Session | None = None
        try:
            while True:
                asked = b""
                kind = b""
                while kind not in (b"Q", b"S"):
                    kind, whole = await _message(reader)
                    if kind == b"X":
                        return
                    asked += whole
                session = session or await self._take()
                session.writer.write(asked)
                kind, whole = b"", b""
                while kind != b"Z":
                    kind, whole = await _message(session.reader)
                    writer.write(whole)
                await writer.drain()
                if whole.endswith(b"I"):
                    await self._give(session)
                    session = None
        finally:
            if session is not None:
                session.writer.write(b"Q\0\0\0\x0drollback\0")
                while (await _message(session.reader))[0] != b"Z":
                    pass
                await self._give(session)

    async def _take(self) -> _Session:
        async with self._freed:
            await self._freed.wait_for(lambda: self._free)
            return self._free.pop(self._chance.randrange(len(self._free)))

    async def _give(self, session: _Session) -> None:
        async with self._freed:
            self._free.append(session)
            self._freed.notify()


@contextmanager
def transaction_pooler(url: str) -> Iterator[str]:
    """The address of a small pooler before the database at `url`."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    ready: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def pool() -> None:
        ended = asyncio.Event()
        ready.append((asyncio.get_running_loop(), ended))
        await TransactionPooler(url).serve(listener, ended)

    thread = threading.Thread(target=asyncio.run, args=(pool(),))
    thread.start()
    try:
        yield make_url(url).set(host="127.0.0.1", port=listener.getsockname()[1]).render_as_string(hide_password=False)
    finally:
        loop, ended = ready[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(_PATIENCE_SECONDS)


def pgbouncer_program() -> str | None:
    """Where PgBouncer is, also where a user's path does not lead."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def pgbouncer(url: str) -> Iterator[str]:
    """The address of a PgBouncer in transaction mode before the database at `url`."""
    program = pgbouncer_program()
    assert program is not None
    to, folder, port = make_url(url), owned_folder(), free_port()
    file = Path(folder, "pgbouncer.ini")
    file.write_text(
        f"[databases]\n{to.database} = host={to.host} port={to.port} dbname={to.database} user={to.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = transaction\n"
        f"default_pool_size = {_SESSIONS}\nunix_socket_dir =\nserver_round_robin = 1\n"
    )
    file.chmod(0o644)
    # PgBouncer refuses to run as root.
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    process = subprocess.Popen([program, "-q", str(file)], user=user, cwd="/")
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _listens(port):
            assert process.poll() is None, "PgBouncer ended"
            assert time.monotonic() < deadline, "PgBouncer does not answer"
            time.sleep(0.05)
        yield to.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0
