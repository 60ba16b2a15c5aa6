"""Raising alerts outside a change, and sending all of them, from each process.

One process sends an alert: it claims the row. While the database is away there is no row to claim, and its being away
is itself an alert. Such alerts are held in this process's memory, a few of them; each is logged at once, sent once by
the process itself, and written as sent when the database takes it.
"""

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from pokea.alerts.alert import (
    Alert,
    AlertCode,
    claim_alerts,
    is_any_due,
    keep_sent,
    keep_unsent,
    raise_alerts,
)
from pokea.alerts.outage import Outage
from pokea.alerts.send import Send, message_of
from pokea.clock import Clock, Instant
from pokea.errors import OutcomeUnknown, Unavailable
from pokea.storage.database import Database
from pokea.storage.worker import Worker

MOST_HELD: Final = 32
"""So many alerts wait in memory for the database; later ones are only logged."""
_NOTHING_TO_SEND_SECONDS: Final = 3_600.0
_PAUSE_SECONDS: Final = 5.0

_log = logging.getLogger("pokea.alerts")


class _Held(NamedTuple):
    alert: Alert
    sent_at: Instant | None


class Alerts:
    """The door for alerts that no change raises, and this process's part in sending them.

    Without `send` they are written and logged alone. `longest_sleep_seconds` bounds how late it notices what other
    processes have raised.
    """

    def __init__(
        self, database: Database, clock: Clock, send: Send | None = None, longest_sleep_seconds: float = 2.0
    ) -> None:
        self._database = database
        self._clock = clock
        self._send = send
        self._longest_sleep_seconds = longest_sleep_seconds
        self._held: dict[tuple[AlertCode, str], _Held] = {}
        self._outages = {"read": Outage("read"), "write": Outage("write")}
        self._work = Worker(self._step, _log, name="sending alerts", waits="alerts wait", pause_seconds=_PAUSE_SECONDS)

    async def start(self) -> None:
        """Begin to work."""
        await self._work.start()

    async def stop(self) -> None:
        """Stop sending; what is claimed falls due again by itself."""
        await self._work.stop()

    async def report(self, alert: Alert) -> None:
        """Raise an alert that no change has found; it is held in memory while the database is away."""
        try:
            fresh = await self._database.write(raise_alerts, [alert], self._clock.now())
        except (OutcomeUnknown, Unavailable):
            self._hold(alert)
            return
        self.tell(fresh)

    def tell(self, raised: Sequence[Alert]) -> None:
        """Log what a change has raised and is durable, and see that it is sent soon."""
        for alert in raised:
            _log.critical("%s (%s): %s", alert.code, alert.subject, alert.text)
        if raised:
            self._work.wake()

    def note_outcome(self, way: str, failure: str | None) -> None:
        """A `read` or a `write` of the database has worked, or has not for this reason, its patience included."""
        outage = self._outages[way]
        if failure is None:
            outage.succeeded()
            return
        alert = outage.failed(failure, self._clock.now())
        if alert is not None:
            self._hold(alert)

    def _hold(self, alert: Alert) -> None:
        _log.critical("%s (%s): %s", alert.code, alert.subject, alert.text)
        key = (alert.code, alert.subject)
        before = self._held.get(key)
        if before is None and len(self._held) >= MOST_HELD:
            return
        self._held[key] = _Held(alert, before.sent_at if before is not None else None)
        self._work.wake()

    async def _step(self) -> None:
        if self._held and not await self._write_held():
            await self._send_held()
        elif self._send is not None:
            while await self._database.read_one(is_any_due, self._clock.now()):
                if not await self._send_due(self._send):
                    break
        is_needed = self._send is not None or bool(self._held)
        await self._work.rest(self._longest_sleep_seconds if is_needed else _NOTHING_TO_SEND_SECONDS)

    async def _write_held(self) -> bool:
        """Whether the database has taken what was held."""
        for key, held in sorted(self._held.items()):
            # One at a time: a slow database that would take all of them too late takes some of them in time.
            try:
                await self._database.write(raise_alerts, [held.alert], self._clock.now(), held.sent_at)
            except (OutcomeUnknown, Unavailable):
                return False
            # What was held meanwhile, or was sent again, is another value and stays.
            if self._held.get(key) == held:
                del self._held[key]
        return True

    async def _send_held(self) -> None:
        if self._send is None:
            return
        for key, held in list(self._held.items()):
            if held.sent_at is None and await self._send(message_of(held.alert.code, [held.alert])):
                self._held[key] = held._replace(sent_at=self._clock.now())

    async def _send_due(self, send: Send) -> bool:
        """Whether something was claimed."""
        claim = await self._database.write(claim_alerts, self._clock.now())
        if claim is None:
            return False
        is_sent = await send(message_of(claim.code, claim.alerts))
        await self._database.write(keep_sent if is_sent else keep_unsent, claim, self._clock.now())
        return True
