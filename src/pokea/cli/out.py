"""`pokea refund`, `pokea payout`, `pokea approve` and `pokea out`: money out from the terminal of a running service."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import typer

from pokea.cli.pay import UNKNOWN, WRONG, CommandEnd, RunningService, ServiceAnswer, api_address, given_token, say

_URL = typer.Option("http://127.0.0.1:8000", help="Address of the running service.")
_TOKEN = typer.Option("", envvar="POKEA_TOKEN", help="Bearer token; by default one signed with our own secret.")
_AS = typer.Option("terminal", "--as", help="Who you are, where the token is signed with our own secret.")
_REASON = typer.Option(..., help="Why, in one line: who approves it reads it.")
_REPEAT = typer.Option(False, "--confirm-repeat", help="It is meant, although the same went out within 24 hours.")
_TOKEN_SECONDS: Final = 600
_ID: Final = re.compile(r"[a-z]{2}_[0-9a-zA-Z_]{1,60}")
_OPEN: Final = ("requested", "approved", "sending", "accepted", "unknown", "failed")
_SHOWN: Final = 100
_NOT_HERE: Final = "There is no refund or payout of that id: they begin with rf_ and po_."
_WAITS: Final = {
    "cap": "it is above a cap: an admin approves it with `pokea approve {id} --over-cap`, or it waits",
    "delay": "it is sent by itself soon; withdraw it if it is wrong",
    "needs_funds": "top up the account that pays out",
    "payee_wait": "the payee has to be confirmed, or was confirmed lately",
    "stopped": "money out is stopped: an admin looks why, and starts it",
}
_NEXT: Final = {
    "requested": "another person approves it: `pokea approve {id}`",
    "approved": "nothing: it is sent now",
    "sending": "nothing: it is being sent",
    "accepted": "nothing: M-PESA is at it",
    "unknown": "nothing for a day: it is found out; then look at the statement and record a finding",
    "failed": "nothing was paid: retry it, or leave it",
}


def refund(
    payment: str = typer.Argument(..., help="The payment: its M-PESA receipt, or its id."),
    amount: int | None = typer.Option(None, min=1, max=250_000, help="Whole shillings; all that is left by default."),
    way: str = typer.Option("", help="reversal or b2c; by default the usual one."),
    reason: str = _REASON,
    confirm_repeat: bool = _REPEAT,
    subject: str = _AS,
    url: str = _URL,
    token: str = _TOKEN,
) -> None:
    """Ask for a refund of a payment, which another person approves."""

    async def ask(service: RunningService) -> None:
        found = payment if payment.startswith("pay_") else await _payment_of(service, payment)
        body = {"paymentId": found, "reason": reason, "amount": amount, "way": way or None}
        asked = await _post(service, "/refunds", {**_given(body), "confirmRepeat": confirm_repeat})
        _print_asked(asked.part("refund"))

    _run(ask, subject, url, token)


def payout(
    payee: str = typer.Argument(..., help="The payee's id."),
    amount: int = typer.Argument(..., min=10, max=250_000, help="Whole shillings."),
    booking: str = typer.Option("", help="The booking that it is for, if any."),
    reason: str = _REASON,
    confirm_repeat: bool = _REPEAT,
    subject: str = _AS,
    url: str = _URL,
    token: str = _TOKEN,
) -> None:
    """Ask for a payout to a payee, which another person approves."""

    async def ask(service: RunningService) -> None:
        body = {"payeeId": payee, "amount": amount, "reason": reason, "bookingId": booking or None}
        asked = await _post(service, "/payouts", {**_given(body), "confirmRepeat": confirm_repeat})
        _print_asked(asked.part("payout"))

    _run(ask, subject, url, token)


def approve(
    wanted: str = typer.Argument(..., metavar="ID", help="The refund or payout."),
    over_cap: bool = typer.Option(False, "--over-cap", help="Go above the caps knowingly, as an admin."),
    subject: str = _AS,
    url: str = _URL,
    token: str = _TOKEN,
) -> None:
    """Show all that would be approved, ask, and approve it. Who asked for it cannot."""

    async def look_and_approve(service: RunningService) -> None:
        kind = {"rf": "refund", "po": "payout"}.get(wanted.partition("_")[0])
        if kind is None or not _ID.fullmatch(wanted):
            raise CommandEnd(WRONG, _NOT_HERE)
        seen = (await service.call("GET", f"/{kind}s/{wanted}", None, UNKNOWN)).part(kind)
        for line in _shown(kind, seen):
            print(line)
        if not token.strip() and subject in (seen["requestedBy"], seen["retriedBy"]):
            raise CommandEnd(WRONG, f"{subject} has asked for this: another person approves it (--as).")
        if not typer.confirm("Approve this?"):
            raise CommandEnd(WRONG, "Not approved.")
        body = {"digest": seen["digest"], "overCap": over_cap}
        done = (await _post(service, f"/{kind}s/{wanted}/approve", body)).part(kind)
        print(f"{wanted} is {done['status']}: {_next_step(done)}.")

    _run(look_and_approve, subject, url, token)


def out(subject: str = _AS, url: str = _URL, token: str = _TOKEN) -> None:
    """Show which refunds and payouts are open, and what is to be done about each."""

    async def show(service: RunningService) -> None:
        state = (await service.call("GET", "/money-out", None, UNKNOWN)).part("moneyOut")
        print(f"Money out is {state['state']}{'. ' + state['message'] if state['message'] else ''}")
        found = []
        for kind in ("refunds", "payouts"):
            for status in _OPEN:
                answer = await service.call("GET", f"/{kind}?status={status}&limit={_SHOWN}", None, UNKNOWN)
                found += answer.parts(kind)
        rows = [_row(each) for each in sorted(found, key=lambda each: str(each["createdAt"]))]
        for line in _table(rows):
            print(line)
        print(f"{len(rows)} open." if rows else "Nothing is open.")

    _run(show, subject, url, token)


def _run(work: Callable[[RunningService], Awaitable[None]], subject: str, url: str, token: str) -> None:
    async def connected() -> None:
        from pokea.transport import HttpTransport

        bearer = given_token(token) or _token_of(subject)
        transport = HttpTransport()
        try:
            await work(RunningService(transport, api_address(url.strip()), bearer))
        finally:
            await transport.close()

    try:
        asyncio.run(connected())
    except CommandEnd as end:
        raise typer.Exit(say(end.code, str(end))) from None


def _token_of(subject: str) -> str:
    from pokea.cli.token import own_token
    from pokea.errors import SettingsError

    try:
        return own_token(subject, ["admin"], _TOKEN_SECONDS)
    except SettingsError as failure:
        raise CommandEnd(WRONG, f"{failure} Or give --token.") from None


async def _post(service: RunningService, path: str, body: dict[str, Any]) -> ServiceAnswer:
    from pokea.clock import SystemClock
    from pokea.ids import Ids

    return await service.call("POST", path, body, UNKNOWN, key=Ids(SystemClock()).new("cli"))


async def _payment_of(service: RunningService, receipt: str) -> str:
    from urllib.parse import quote

    wanted = quote(receipt, safe="", errors="replace")
    found = await service.call("GET", f"/payments/mpesa/history?q={wanted}", None, UNKNOWN)
    named = found.parts("transactions")
    ids = [each["id"] for each in named if each["mpesaReceiptNumber"] == receipt.strip().upper()]
    if len(ids) != 1:
        raise CommandEnd(WRONG, f"There is no payment with the receipt {receipt}.")
    return str(ids[0])


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _print_asked(asked: dict[str, Any]) -> None:
    print(f"{asked['id']}: KES {asked['amount']} to {asked['recipient']} by {asked['way']} is {asked['status']}.")
    print(f"Next: {_next_step(asked)}.")


def _shown(kind: str, seen: dict[str, Any]) -> list[str]:
    source = {"refund": ("payment", "paymentId"), "payout": ("payee", "payeeId")}[kind]
    values = {
        kind: seen["id"],
        "status": seen["status"],
        "amount": f"KES {seen['amount']}",
        "to": seen["recipient"],
        "by": seen["way"],
        source[0]: seen[source[1]],
        "reason": seen["reason"],
        "asked for by": ", ".join(filter(None, (seen["requestedBy"], seen["retriedBy"]))),
        "at": seen["createdAt"],
        "digest": seen["digest"],
    }
    return [f"{name:>12}  {value}" for name, value in values.items()]


def _next_step(shown: dict[str, Any]) -> str:
    words = _WAITS.get(shown["waiting"] or "") or _NEXT.get(shown["status"], "nothing")
    return words.format(id=shown["id"])


def _row(shown: dict[str, Any]) -> tuple[str, ...]:
    status = f"{shown['status']} ({shown['waiting']})" if shown["waiting"] else str(shown["status"])
    amount = f"KES {shown['amount']}"
    return (str(shown["id"]), status, amount, str(shown["recipient"]), str(shown["way"]), _next_step(shown))


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
