"""A primary with a synchronous standby behind one stable port, as a shop that must not lose a commit would run it."""

import shutil
import time
from pathlib import Path

from tests.postgres import DURABLE, PostgresServer, new_server
from tests.system.chaos.forwarder import Forwarder
from tests.system.service.running import eventually

# A standby that was away for a moment must find what it has missed.
_OPTIONS = {**DURABLE, "wal_keep_size": "512MB"}
_IS_WAITED_FOR = "select count(*) from pg_stat_replication where sync_state = 'sync'"


class Cluster:
    """Two servers: no commit is confirmed before it is durable on both, so either alone knows all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built = 0
        self._logs: list[Path] = []
        self.primary = new_server(folder, _OPTIONS)
        self._remember(self.primary)
        self.port = Forwarder([self.primary.port]).start()
        self.standby = self._follow()

    def url(self, database: str) -> str:
        """The address that stays."""
        return f"postgresql://postgres@127.0.0.1:{self.port.port}/{database}"

    @property
    def log(self) -> str:
        """Everything that any of the servers has printed."""
        return "".join(file.read_text(errors="replace") for file in self._logs)

    def restart(self) -> None:
        """Restart the primary as an operator would: every connection is cut."""
        self.primary.restart()

    def crash(self) -> None:
        """Kill the primary as a power cut would, and start it again: it recovers from its log."""
        self.primary.kill()
        self.primary.start()

    def lose_standby(self, seconds: float) -> None:
        """Take the standby away for a while: until it is back no commit is confirmed."""
        self.standby.stop()
        time.sleep(seconds)
        self.standby.start()

    def fail_over(self) -> None:
        """Kill the primary for good and promote the standby; then build a new standby from scratch."""
        lost, survivor = self.primary, self.standby
        lost.kill()
        survivor.promote()
        # Nothing follows the survivor yet: until something does, it has to confirm its commits alone.
        survivor.execute("alter system reset synchronous_standby_names")
        survivor.execute("select pg_reload_conf()")
        eventually(lambda: _shown(survivor) == "", "the promoted server waits for nobody")
        self.primary = survivor
        self.port.point_at([survivor.port])
        shutil.rmtree(lost.data_directory)
        self.standby = self._follow()

    def close(self) -> None:
        """Stop both."""
        self.port.close()
        self.standby.kill()
        self.primary.kill()

    def _follow(self) -> PostgresServer:
        self._built += 1
        standby = self.primary.following(f"standby{self._built}")
        self._remember(standby)
        self.primary.execute("alter system set synchronous_standby_names = '*'")
        self.primary.execute("select pg_reload_conf()")
        eventually(lambda: self.primary.execute(_IS_WAITED_FOR)[0][0], "the primary waits for its standby")
        return standby

    def _remember(self, server: PostgresServer) -> None:
        self._logs.append(server.log)


def _shown(server: PostgresServer) -> str:
    value: str = server.execute("show synchronous_standby_names")[0][0]
    return value
