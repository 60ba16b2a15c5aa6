"""Sending alerts with Apprise: what a message says, and the thread in which Apprise waits for the network."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from pokea.alerts.alert import LEVELS, TITLES, Alert, AlertCode, AlertLevel
from pokea.errors import SettingsError
from pokea.redact import mask

_PATIENCE_SECONDS: Final = 30.0

_log = logging.getLogger("pokea.alerts")


class Message(NamedTuple):
    """What a person is sent."""

    title: str
    body: str
    level: AlertLevel


Send = Callable[[Message], Awaitable[bool]]
"""Whether at least one address has taken the message."""


def message_of(code: AlertCode, raised: Sequence[Alert]) -> Message:
    """The message for alerts of one code: a line for each."""
    return Message(f"Pokea: {TITLES[code]}", "\n".join(mask(alert.text) for alert in raised), LEVELS[code])


def sender_to(addresses: Sequence[str]) -> Send:
    """Sends to these Apprise addresses. Raises SettingsError for one that Apprise does not understand."""
    import apprise  # noqa: PLC0415 - slow to load, and few services have alerts

    # Its own lines repeat an address as it was given, with the tokens in it.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    targets = []
    for number, address in enumerate(addresses, 1):
        place = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        if place is None:
            raise SettingsError(_not_understood(number, len(addresses), address))
        targets.append((address.partition("://")[0], apprise.Apprise(place)))
    types = {AlertLevel.WARNING: apprise.NotifyType.WARNING, AlertLevel.FAILURE: apprise.NotifyType.FAILURE}
    thread = ThreadPoolExecutor(1, "pokea-alerts")

    def notify(message: Message) -> bool:
        """Each address is asked by itself: one that fails must not make the others get it twice."""
        taken = False
        for scheme, target in targets:
            if target.notify(body=message.body, title=message.title, notify_type=types[message.level]):
                taken = True
            else:
                _log.error("An alert could not be sent to the address that begins with %s://.", scheme)
        return taken

    async def send(message: Message) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(thread, notify, message)
        except TimeoutError:
            _log.error("An alert was not sent within %d s.", _PATIENCE_SECONDS)
            return False

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
