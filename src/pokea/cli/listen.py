"""`pokea listen --forward-to URL`: the events of a running service, signed as webhooks and posted to a shop at home."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import typer

from pokea.cli.pay import WRONG, CommandEnd, RunningService, ServiceAnswer, admin_token, api_address, given_token, say

if TYPE_CHECKING:
    from pokea.transport import Transport

_LOOK_EVERY_SECONDS: Final = 0.5
_TIMEOUT_SECONDS: Final = 15.0
_MOST_AT_ONCE: Final = 100
_SECRET_BYTES: Final = 32
_SINCE: Final = re.compile(r"(\d{1,6})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Look: TypeAlias = Callable[[int], Awaitable[tuple[int, float] | None]]
"""Finds the first event after a number: its own number and its time in seconds, or None when there is none."""


def listen(
    forward_to: list[str] = typer.Option(..., help="Where to post them; may be repeated."),
    types: list[str] = typer.Option([], help="Only these, such as payment.completed or payment.*; may be repeated."),
    since: str = typer.Option(
        "", help="Begin with what happened so long ago, such as 90s, 15m, 1h or 2d; by default with what is new."
    ),
    secret: str = typer.Option("", help="Sign with this secret (whsec_...); by default with a new one."),
    url: str = typer.Option("http://127.0.0.1:8000", help="Address of the running service."),
    token: str = typer.Option(
        "", envvar="POKEA_TOKEN", help="Bearer token of an admin; by default one signed with our own secret."
    ),
) -> None:
    """Post the events of a running service to addresses of yours, signed as its webhooks are, and print each.

    It prints the secret once it listens. What an address refuses is not sent again; in a terminal, `r` and Enter send
    the last event once more.
    """
    from pokea.client import sign_webhook

    secret = secret or _new_secret()
    try:
        sign_webhook("evt", 0, b"", [secret])
    except ValueError as failure:
        raise typer.Exit(say(WRONG, f"--secret: {failure}.")) from None
    try:
        targets = [_target(each) for each in forward_to]
        wanted = frozenset(_pattern(each) for each in types) or frozenset({"*"})
        ago_seconds = _since_seconds(since)
        service = api_address(url.strip()), given_token(token) or admin_token()
        asyncio.run(_listen(*service, Aim(targets, wanted, ago_seconds, secret)))
    except CommandEnd as end:
        raise typer.Exit(say(end.code, str(end))) from None


def _new_secret() -> str:
    import base64
    import secrets

    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _target(text: str) -> str:
    from pokea.addresses import read_web_address

    try:
        read_web_address(text)
    except ValueError as failure:
        raise CommandEnd(WRONG, f"--forward-to is no address: {failure}.") from None
    return text


def _pattern(text: str) -> str:
    from pokea.events.types import PATTERNS

    if text not in PATTERNS:
        raise CommandEnd(WRONG, f"--types has no type {text!r}: take one of docs/events.md, payment.* or *.")
    return text


def _since_seconds(text: str) -> int | None:
    """How long ago to begin; None without an option. Raises CommandEnd."""
    if not text:
        return None
    found = _SINCE.fullmatch(text)
    if found is None:
        raise CommandEnd(WRONG, "--since is a number and s, m, h or d, such as 90s or 1h.")
    return int(found[1]) * _SECONDS[found[2]]


class Aim(NamedTuple):
    """What is forwarded where: events of the types, from so many seconds ago (None: new ones), signed with a secret."""

    targets: list[str]
    types: frozenset[str]
    ago_seconds: int | None
    secret: str


async def _listen(url: str, token: str, aim: Aim) -> None:
    from pokea.transport import HttpTransport

    transport = HttpTransport()
    try:
        service = RunningService(transport, url, token)
        forwarder = Forwarder(transport, aim.targets, aim.secret)
        if sys.stdin.isatty():
            asyncio.get_running_loop().add_reader(sys.stdin, forwarder.read_key)
        after = await _number_before(service, aim.ago_seconds)
        # Only now, so that what happens after this line is printed is forwarded.
        print(f"export POKEA_WEBHOOK_SECRET={aim.secret}", flush=True)
        while True:
            found = await _page(service, after, _MOST_AT_ONCE)
            for event in found.parts("events"):
                if _is_wanted(event["type"], aim.types):
                    await forwarder.forward(event)
            after = found["next"]
            await asyncio.sleep(_LOOK_EVERY_SECONDS if after == found["latest"] else 0)
    finally:
        await transport.close()


async def _number_before(service: RunningService, ago_seconds: int | None) -> int:
    from pokea.clock import SECOND, SystemClock

    latest: int = (await _page(service, 0, 1))["latest"]
    if ago_seconds is None:
        return latest

    async def look(after: int) -> tuple[int, float] | None:
        found = (await _page(service, after, 1)).parts("events")
        return next(((each["sequence"], datetime.fromisoformat(each["timestamp"]).timestamp()) for each in found), None)

    return await number_before(SystemClock().now() / SECOND - ago_seconds, latest, look)


async def number_before(begins_at: float, latest: int, look: Look) -> int:
    """The number after which the events begin that happened at a time (in seconds) or later.

    Numbers are in the order of time, so it is found by halving: a day's events in a score of looks.
    """
    low, high = 0, latest
    while low < high:
        middle = (low + high) // 2
        found = await look(middle)
        if found is not None and found[1] < begins_at:
            low = found[0]
        else:
            high = middle
    return high


async def _page(service: RunningService, after: int, limit: int) -> ServiceAnswer:
    return await service.call("GET", f"/events?after={after}&limit={limit}", None, WRONG)


def _is_wanted(event_type: str, types: frozenset[str]) -> bool:
    return not {event_type, f"{event_type.partition('.')[0]}.*", "*"}.isdisjoint(types)


class Forwarder:
    """Signs events and posts them."""

    def __init__(self, transport: "Transport", targets: list[str], secret: str) -> None:
        self._transport = transport
        self._targets = targets
        self._secret = secret
        self._last: dict[str, Any] | None = None
        self._again: set[asyncio.Task[None]] = set()

    async def forward(self, event: dict[str, Any]) -> None:
        """Post one event to every target, and print what each answered."""
        from pokea.client import sign_webhook
        from pokea.clock import SECOND, SystemClock

        self._last = event
        said = {name: event[name] for name in ("type", "timestamp", "data", "livemode")}
        body = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
        sent_at = SystemClock().now() // SECOND
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event["id"],
            "webhook-timestamp": str(sent_at),
            "webhook-signature": sign_webhook(event["id"], sent_at, body, [self._secret]),
        }
        for target in self._targets:
            answer = await self._post(target, headers, body)
            print(f"{event['sequence']} {event['type']} {event['data']['id']} to {target}: {answer}", flush=True)

    async def _post(self, target: str, headers: dict[str, str], body: bytes) -> str:
        from pokea.transport import NoAnswer, NotSent

        try:
            return str((await self._transport.send("POST", target, headers, body, _TIMEOUT_SECONDS)).status)
        except NotSent:
            return "not there"
        except NoAnswer:
            return "no answer"

    def read_key(self) -> None:
        """Send the last event again when `r` was typed."""
        if sys.stdin.readline().strip() == "r" and self._last is not None:
            task = asyncio.get_running_loop().create_task(self.forward(self._last))
            self._again.add(task)
            task.add_done_callback(self._again.discard)
