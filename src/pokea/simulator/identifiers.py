"""Identifiers in Daraja's forms (daraja: identifiers; daraja: receipts), made from the time and a source of chance."""

import random
import string
from collections.abc import Container
from datetime import timedelta

from pokea.clock import Instant, from_datetime, nairobi
from pokea.simulator.options import SimulatorOptions

_TOKEN_LENGTH = 28
_RECEIPT_TAIL = 7
_RECEIPT_SIGNS = string.ascii_uppercase + string.digits
_RECEIPT_YEAR_A = 2006


def checkout_request_id(
    msisdn: str, now: Instant, chance: random.Random, options: SimulatorOptions, taken: Container[str]
) -> str:
    """`ws_CO_`, day and time in Nairobi, three digits (one in the sandbox), nine digits of the number."""
    digits = 3 if options.identifiers == "production" else 1
    stamp = f"{nairobi(now):%d%m%Y%H%M%S}"
    while True:
        span = 10**digits
        start = chance.randrange(span)
        for step in range(span):
            candidate = f"ws_CO_{stamp}{(start + step) % span:0{digits}d}{msisdn[-9:]}"
            if candidate not in taken:
                return candidate
        digits += 1  # More pushes to one phone in one second than the real form can tell apart.


def merchant_request_id(number: int, chance: random.Random) -> str:
    """The last four groups of a UUID with a counter glued on, such as `2654-4b64-97ff-b827b542881d3130`."""
    groups = (_hex(4, chance), f"4{_hex(3, chance)}", f"{chance.choice('89ab')}{_hex(3, chance)}", _hex(12, chance))
    return f"{'-'.join(groups)}{number}"


def access_token(chance: random.Random) -> str:
    """Opaque, 28 characters (daraja: Token request)."""
    return "".join(chance.choices(string.ascii_letters + string.digits, k=_TOKEN_LENGTH))


def receipt(now: Instant, chance: random.Random, taken: Container[str]) -> str:
    """Ten characters: year, month and day of Nairobi as one sign each, then seven that say nothing."""
    while True:
        candidate = _receipt_head(now) + "".join(chance.choices(_RECEIPT_SIGNS, k=_RECEIPT_TAIL))
        if candidate not in taken:
            return candidate


def placeholder_receipt(now: Instant) -> str:
    """What stands for a receipt where there is no transaction (daraja: receipts)."""
    return _receipt_head(now) + "0" * _RECEIPT_TAIL


def _receipt_head(now: Instant) -> str:
    day = nairobi(now)
    year = string.ascii_uppercase[(day.year - _RECEIPT_YEAR_A) % 26]
    return year + string.ascii_uppercase[day.month - 1] + "0123456789ABCDEFGHIJKLMNOPQRSTUV"[day.day]


def conversation_id(now: Instant, chance: random.Random, taken: Container[str]) -> str:
    """`AG_`, the day in Nairobi, 20 hexadecimal digits (daraja: identifiers)."""
    while True:
        candidate = f"AG_{nairobi(now):%Y%m%d}_{_hex(20, chance)}"
        if candidate not in taken:
            return candidate


def next_time_of_day(now: Instant, clock: str) -> Instant:
    """The first instant after `now` at which it is `clock` (`HH:MM`) in East Africa."""
    hour, minute = clock.split(":")
    moment = nairobi(now)
    due = moment.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return from_datetime(due if due > moment else due + timedelta(days=1))


def _hex(count: int, chance: random.Random) -> str:
    return f"{chance.getrandbits(4 * count):0{count}x}"
