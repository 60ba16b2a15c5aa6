"""Alerts: what a person must hear of now, sent where POKEA_ALERTS says (law 2, 5, 6).

Whoever finds such a thing logs it as critical; every critical line is an alert. The same sentence goes out once in a
quarter of an hour, however often it is logged, so that a flood of forgeries is not a flood of messages.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from pokea.clock import SECOND, Clock, Instant
from pokea.errors import SettingsError
from pokea.redact import mask

Send = Callable[[str], object]

REPEATED_EVERY: Instant = 900 * SECOND
_SENTENCES_REMEMBERED = 256


class AlertHandler(logging.Handler):
    """Sends critical lines, masked. `send` must return at once: it is called wherever a line is logged."""

    def __init__(self, send: Send, clock: Clock) -> None:
        super().__init__(logging.CRITICAL)
        self._send = send
        self._clock = clock
        self._sent_at: OrderedDict[str, Instant] = OrderedDict()

    def emit(self, record: logging.LogRecord) -> None:
        """Send the line unless its sentence went out a short while ago."""
        sentence, now = str(record.msg), self._clock.now()
        if now - self._sent_at.get(sentence, -REPEATED_EVERY) < REPEATED_EVERY:
            return
        self._sent_at[sentence] = now
        if len(self._sent_at) > _SENTENCES_REMEMBERED:
            self._sent_at.popitem(last=False)
        self._send(mask(record.getMessage()))


def sender_to(addresses: Sequence[str]) -> Send:
    """Sends to these Apprise addresses. Raises SettingsError for one that Apprise does not understand."""
    import apprise  # noqa: PLC0415 - slow to load, and few services have alerts

    where = apprise.Apprise()
    for address in addresses:
        if not where.add(address):
            scheme = address.partition(":")[0]
            raise SettingsError(
                f"POKEA_ALERTS: the address that begins with {scheme}: is none that Apprise understands."
            )
    return lambda text: where.notify(body=text, title="Pokea")
