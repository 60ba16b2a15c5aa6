"""`pokea trigger payment.completed`: a real payment on the simulator that ends so, for the events that it makes."""

import asyncio
import enum
import json
import sys
from typing import Any, Final

import typer

from pokea.cli.pay import FAILED, UNKNOWN, WRONG, CommandEnd, RunningService, admin_token, api_address, given_token, say

_LOOK_EVERY_SECONDS: Final = 0.25
_PATIENCE_SECONDS: Final = 120
_PAYER: Final = "254708374149"
_WITHOUT_MONEY: Final = "254711111111"


class Triggered(enum.StrEnum):
    """What can be triggered."""

    COMPLETED = "payment.completed"
    FAILED = "payment.failed"


_PHONES: Final = {Triggered.COMPLETED: _PAYER, Triggered.FAILED: _WITHOUT_MONEY}
"""The simulator's two known phones: one pays by itself, the other has no money."""


def trigger(
    event_type: Triggered = typer.Argument(..., metavar="TYPE", help="payment.completed or payment.failed."),
    amount: int = typer.Option(100, min=1, max=250_000, help="Whole shillings."),
    url: str = typer.Option("http://127.0.0.1:8000", help="Address of the running service."),
    token: str = typer.Option(
        "", envvar="POKEA_TOKEN", help="Bearer token of an admin; by default one signed with our own secret."
    ),
) -> None:
    """Make an event happen: a booking whose payment is completed, or fails, on the simulator, and print the event.

    The events on the way there happen too, and go to the endpoints and to `pokea listen` as any others. A service
    with Safaricom's sandbox or with real money is refused, and nothing is made there.
    """
    try:
        event = asyncio.run(_trigger(api_address(url.strip()), given_token(token) or admin_token(), event_type, amount))
    except CommandEnd as end:
        raise typer.Exit(say(end.code, str(end))) from None
    print(json.dumps(event, ensure_ascii=False))


async def _trigger(url: str, token: str, wanted: Triggered, amount: int) -> dict[str, Any]:
    from pokea.transport import HttpTransport

    transport = HttpTransport()
    try:
        service = RunningService(transport, url, token)
        listed = await service.call("GET", "/events?limit=1", None, WRONG)
        if listed.get("environment") != "simulator":
            raise CommandEnd(WRONG, "The service is not on the simulator: real phones would be prompted.")
        pushed = await service.push(_PHONES[wanted], await service.book(amount), amount)
        print(f"{pushed['transactionId']}: waiting for {wanted}", file=sys.stderr, flush=True)
        return await _ending(service, pushed["transactionId"], wanted)
    finally:
        await transport.close()


async def _ending(service: RunningService, payment_id: str, wanted: Triggered) -> dict[str, Any]:
    """The event of how the payment ended. Raises CommandEnd where it ended otherwise, or not yet."""
    from pokea.clock import SECOND, SystemClock

    clock = SystemClock()
    until = clock.now() + _PATIENCE_SECONDS * SECOND
    while clock.now() < until:
        found = await service.call("GET", f"/events?object={payment_id}&limit=100", None, UNKNOWN)
        for event in found.parts("events"):
            if event["type"] == wanted:
                return event
            if event["type"] in list(Triggered):
                raise CommandEnd(FAILED, f"{payment_id} ended with {event['type']}.")
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
    raise CommandEnd(UNKNOWN, f"{payment_id} has not ended within {_PATIENCE_SECONDS} s; it goes on.")
