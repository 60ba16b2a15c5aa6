"""A real standby of the session's server, which may be stopped, held up and promoted."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgres import PostgresServer

_numbers = itertools.count(1)
# One that was away for a moment must find what it has missed.
_KEPT = "256MB"
_LOGS_ALL = {"log_statement": "all"}


@contextmanager
def following(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A server that follows, and logs each statement that it is sent."""
    primary.execute(f"alter system set wal_keep_size = '{_KEPT}'")
    primary.execute("select pg_reload_conf()")
    standby = primary.following(f"follower{next(_numbers)}", _LOGS_ALL)
    try:
        yield standby
    finally:
        # Not killed: its processes would still be replaying while their files go.
        standby.stop()
        shutil.rmtree(standby.data_directory)


def hold_up(standby: PostgresServer) -> None:
    """From now on it replays nothing of what it receives."""
    standby.execute("select pg_wal_replay_pause()")


def let_go_on(standby: PostgresServer) -> None:
    """It replays what it has received, and goes on."""
    standby.execute("select pg_wal_replay_resume()")
