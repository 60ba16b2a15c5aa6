"""`pokea link TITLE [AMOUNT]`: an address that anyone can send, and its code for a phone's camera."""

import asyncio
import sys
from typing import Any

import typer

from pokea.cli.pay import UNKNOWN, CommandEnd, RunningService, admin_token, api_address, given_token, say


def link(
    title: str = typer.Argument(..., help='What is paid, such as "Deposit".'),
    amount: int | None = typer.Argument(
        None, min=1, max=250_000, help="Whole shillings; the payer types them when left out."
    ),
    reference: str = typer.Option("", help="Shown in the prompt and on statements; by default one is made."),
    expires_at: str = typer.Option("", help="A day such as 2026-12-31 or an instant, after which nothing is taken."),
    once: bool = typer.Option(False, "--once", help="Take one payment, and no other."),
    url: str = typer.Option("http://127.0.0.1:8000", help="Address of the running service."),
    token: str = typer.Option(
        "", envvar="POKEA_TOKEN", help="Bearer token of an admin; by default one signed with our own secret."
    ),
) -> None:
    """Make a payment link, and print its address and a QR code of it."""
    given: dict[str, Any] = {"title": title, "once": once}
    wanted = given | {
        name: value
        for name, value in (("amount", amount), ("reference", reference), ("expiresAt", expires_at))
        if value not in (None, "")
    }
    try:
        asyncio.run(_make(api_address(url.strip()), given_token(token) or admin_token(), wanted))
    except CommandEnd as end:
        raise typer.Exit(say(end.code, str(end))) from None


async def _make(url: str, token: str, wanted: dict[str, Any]) -> None:
    import segno

    from pokea.transport import HttpTransport

    transport = HttpTransport()
    try:
        made = await RunningService(transport, url, token).call("POST", "/links", wanted, UNKNOWN)
    finally:
        await transport.close()
    print(made["url"])
    segno.make_qr(made["url"]).terminal(out=sys.stdout, compact=True)
