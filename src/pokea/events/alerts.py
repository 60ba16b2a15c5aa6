"""Alerts: what a person must hear of now, sent where POKEA_ALERTS says (law 2, 5, 6).

Whoever finds such a thing logs it as critical; every critical line is an alert. The same sentence goes out once in a
quarter of an hour, however often it is logged, so that a flood of forgeries is not a flood of messages.
"""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence

from pokea.clock import SECOND, Clock, Instant
from pokea.errors import SettingsError
from pokea.redact import mask

Send = Callable[[str], object]

REPEATED_EVERY: Instant = 900 * SECOND
_SENTENCES_REMEMBERED = 256

_log = logging.getLogger("pokea.alerts")


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

    # Its own lines repeat an address as it was given, with the tokens in it.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    places = []
    for number, address in enumerate(addresses, 1):
        place = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        if place is None:
            raise SettingsError(_not_understood(number, len(addresses), address))
        places.append(place)
    where = apprise.Apprise(places)

    def send(text: str) -> None:
        if not where.notify(body=text, title="Pokea"):
            _log.error("An alert did not reach every address of POKEA_ALERTS: see that each still takes messages.")

    return send


def _not_understood(number: int, count: int, address: str) -> str:
    """The sentence about an address, of which only its scheme is repeated: the rest may hold a token."""
    which = "the address" if count == 1 else f"address {number} of {count}"
    scheme, separator, _ = address.partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,30}", scheme):
        return (
            f"POKEA_ALERTS: {which} has no scheme such as mailtos://. Addresses are separated by white space, or by a "
            "comma before the next scheme; write a space inside of one as %20."
        )
    return f"POKEA_ALERTS: {which}, which begins with {scheme}://, is none that Apprise understands."
