"""When a database that fails is an alert: pure, given each outcome with the time it had."""

from typing import Final

from pokea.alerts.alert import PAUSES, Alert, AlertCode
from pokea.clock import SECOND, Instant

PATIENCE: Final[Instant] = 10 * SECOND
_APART: Final[Instant] = 60 * SECOND


class Outage:
    """What is known of one way to the database, reading or writing."""

    def __init__(self, way: str) -> None:
        self._way = way
        self._failing_since: Instant | None = None
        self._failed_at: Instant = 0
        self._raised_at: Instant | None = None

    def succeeded(self) -> None:
        """It works."""
        self._failing_since = None
        self._raised_at = None

    def failed(self, reason: str, now: Instant) -> Alert | None:
        """It did not work, for this reason. An alert when nothing else has been seen of it for ten seconds, and again
        each quarter of an hour."""
        # Two failures a long time apart, with nothing between them, say nothing of that time.
        if self._failing_since is None or now - self._failed_at > _APART:
            self._failing_since = now
        self._failed_at = now
        if now - self._failing_since < PATIENCE:
            return None
        if self._raised_at is not None and now - self._raised_at < PAUSES[AlertCode.DATABASE_AWAY]:
            return None
        self._raised_at = now
        seconds = (now - self._failing_since) // SECOND
        return Alert(
            AlertCode.DATABASE_AWAY,
            self._way,
            f"No {self._way} of the database has worked for {seconds} s ({reason}). Callbacks and pushes are answered "
            "with 503 meanwhile, and payments are found out by questions afterwards. See that the database runs, "
            "answers, and has room on its disk.",
        )
