"""`pokea pay PHONE AMOUNT`: push from the terminal and watch it live."""

import asyncio
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from pokea.transport import Transport

PAID, FAILED, WRONG, UNKNOWN = 0, 1, 2, 3
"""The exit codes."""
_LOOK_EVERY_SECONDS: Final = 1.0
_LOCK_SECONDS: Final = 60
_TIMEOUT_SECONDS: Final = 60.0
_TOKEN_SECONDS: Final = 3600
_API: Final = "/api/v1"
_CREATED, _FIRST_REFUSAL, _TOO_MANY, _FIRST_FAULT = 201, 400, 429, 500
_NOTHING_DONE: Final = frozenset({"daraja_refused", "daraja_unavailable", "unavailable"})
"""Failures after which it is known that nothing was done (docs/errors.md)."""


class CommandEnd(Exception):
    """There is nothing to watch (any more)."""

    def __init__(self, code: int, says: str) -> None:
        super().__init__(says)
        self.code = code


def pay(
    phone: str = typer.Argument(..., help="The phone that pays, such as 0712345678."),
    amount: int = typer.Argument(..., min=1, max=250_000, help="Whole shillings."),
    url: str = typer.Option("http://127.0.0.1:8000", help="Address of the running service."),
    token: str = typer.Option(
        "", envvar="POKEA_TOKEN", help="Bearer token; by default one signed with our own secret."
    ),
    booking: str = typer.Option("", help="A booking whose fee this is; by default a new one is made."),
    as_json: bool = typer.Option(False, "--json", help="Print the payment as JSON when it ends."),
) -> None:
    """Prompt a phone for a payment, and watch what becomes of it.

    Exit code 0 when it is paid, 1 when it failed, 2 when the input is wrong or the service is not there, and 3 when
    the outcome is not known: look at the payment later, and do not pay again.
    """
    from pokea.phone import InvalidPhone, parse_phone

    try:
        msisdn = parse_phone(phone).msisdn
        code = asyncio.run(
            _pay(
                api_address(url.strip()), given_token(token) or admin_token(), msisdn, amount, booking, as_json=as_json
            )
        )
    except InvalidPhone as failure:
        code = say(WRONG, str(failure))
    except CommandEnd as end:
        code = say(end.code, str(end))
    raise typer.Exit(code)


def say(code: int, sentence: str) -> int:
    """Print the sentence to stderr; answers the code."""
    print(f"pokea: {sentence}", file=sys.stderr)
    return code


def given_token(token: str) -> str:
    """The token that was given, without white space around it. Raises CommandEnd."""
    text = token.strip()
    if not (text.isascii() and text.isprintable()):
        raise CommandEnd(WRONG, "--token is no token: copy it anew, in one line.")
    return text


def admin_token() -> str:
    """A token signed with our own secret. Raises CommandEnd."""
    from pokea.cli.token import own_token
    from pokea.errors import SettingsError

    try:
        return own_token("terminal", ["admin"], _TOKEN_SECONDS)
    except SettingsError as failure:
        raise CommandEnd(WRONG, f"{failure} Or give --token.") from None


def api_address(url: str) -> str:
    """Where the API is, of the service at `url`, which may end with a slash or with the API's own path."""
    from pokea.addresses import join_address, read_web_address

    try:
        read_web_address(url)
    except ValueError as failure:
        raise CommandEnd(WRONG, f"--url is no address such as http://127.0.0.1:8000: {failure}.") from None
    return join_address(url.rstrip("/").removesuffix(_API), _API)


async def _pay(url: str, token: str, msisdn: str, amount: int, booking: str, *, as_json: bool) -> int:
    from pokea.transport import HttpTransport

    transport = HttpTransport()
    service = RunningService(transport, url, token)
    try:
        booking = booking or await service.book(amount)
        pushed = await service.push(msisdn, booking, amount)
        print(f"{pushed['transactionId']}: {pushed['customerMessage']}", file=sys.stderr, flush=True)
        return await _watch(service, pushed, quiet=as_json)
    finally:
        await transport.close()


class ServiceAnswer(dict[str, Any]):
    """An object of a service's answer. What it lacks, or has in another form, raises CommandEnd: then no Pokea of this
    version has answered."""

    def __missing__(self, name: str) -> Any:
        raise CommandEnd(WRONG, f"The answer has no `{name}`: is a Pokea of this version at --url?")

    def part(self, name: str) -> "ServiceAnswer":
        """The object of this name."""
        found = self[name]
        return found if isinstance(found, ServiceAnswer) else self.__missing__(name)

    def parts(self, name: str) -> "list[ServiceAnswer]":
        """The objects of the list of this name."""
        found = self[name]
        if not isinstance(found, list) or not all(isinstance(each, ServiceAnswer) for each in found):
            self.__missing__(name)
        objects: list[ServiceAnswer] = found
        return objects


class RunningService:
    """A running service, as its API shows it. Raises CommandEnd where it refuses or is not there."""

    def __init__(self, transport: "Transport", prefix: str, token: str) -> None:
        self._transport = transport
        self._prefix = prefix
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def book(self, amount: int) -> str:
        """A new booking with this fee."""
        answer = await self.call("POST", "/bookings", {"service": "Payment from the terminal", "amount": amount}, WRONG)
        return str(answer.part("booking")["id"])

    async def push(self, msisdn: str, booking: str, amount: int) -> ServiceAnswer:
        """Prompt the phone."""
        request = {"phoneNumber": msisdn, "bookingId": booking, "amount": amount, "type": "booking_fee"}
        return (await self.call("POST", "/payments/mpesa/stkpush", request, UNKNOWN)).part("data")

    async def status(self, payment_id: str) -> ServiceAnswer:
        """The payment as it stands."""
        return (await self.call("GET", f"/payments/mpesa/status/{payment_id}", None, UNKNOWN)).part("transaction")

    async def call(
        self, method: str, path: str, body: dict[str, Any] | None, unanswered: int, *, key: str = ""
    ) -> ServiceAnswer:
        """The answer to one call, with an idempotency key if one is given; `unanswered` is the exit code when none
        comes, or one that does not say what was done. Raises CommandEnd."""
        from pokea.transport import NoAnswer, NotSent

        content = json.dumps(body).encode() if body is not None else None
        try:
            headers = self._headers | ({"Idempotency-Key": key} if key else {})
            reply = await self._transport.send(method, self._prefix + path, headers, content, _TIMEOUT_SECONDS)
        except NotSent:
            raise CommandEnd(
                WRONG, f"No service answers at {self._prefix}: start `pokea serve`, or give --url."
            ) from None
        except NoAnswer:
            raise CommandEnd(unanswered, "The service did not answer: what it did is not known.") from None
        answer = _answer_in(reply.body)
        refusal = ServiceAnswer() if answer is None else answer
        if reply.status >= _FIRST_FAULT and body is not None and refusal.get("code") not in _NOTHING_DONE:
            says = refusal.get("message", f"The service answered {reply.status}: what it did is not known.")
            raise CommandEnd(unanswered, str(says))
        if answer is None:
            raise CommandEnd(WRONG, f"{self._prefix} is not Pokea's API.")
        if reply.status >= _FIRST_REFUSAL:
            wrong = reply.status < _FIRST_FAULT and reply.status != _TOO_MANY
            says = answer.get("message", f"The service answered {reply.status}.")
            raise CommandEnd(WRONG if wrong else FAILED, str(says))
        return answer


def _answer_in(body: bytes) -> ServiceAnswer | None:
    try:
        found = json.loads(body, object_hook=ServiceAnswer)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, ServiceAnswer) else None


async def _watch(service: RunningService, pushed: ServiceAnswer, *, quiet: bool) -> int:
    """Look until the payment has ended, or until its lock is over and the outcome is unknown."""
    from pokea.clock import SECOND, SystemClock, from_datetime

    expires_at = from_datetime(datetime.fromisoformat(pushed["expiresAt"]))
    printed = ""
    while True:
        try:
            transaction = await service.status(pushed["transactionId"])
        except CommandEnd as away:
            # The prompt is out: a service that restarts is waited for.
            if SystemClock().now() > expires_at + _LOCK_SECONDS * SECOND:
                raise
            transaction = ServiceAnswer(status=f"no answer ({away})")
        left = (expires_at - SystemClock().now()) / SECOND
        is_over = transaction["status"] in ("completed", "failed")
        if not quiet:
            printed = _show(transaction["status"], left, printed, is_over=is_over)
        if is_over or left < -_LOCK_SECONDS:
            return _end(transaction, quiet=quiet)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _show(status: str, left: float, printed: str, *, is_over: bool) -> str:
    """A line that counts down on a terminal; elsewhere a line when something changes. Answers what was printed last."""
    waiting = "asking M-PESA" if left <= 0 else f"{left:.0f} s left on the phone"
    if sys.stderr.isatty():
        print(f"\r\033[K{status}, {waiting}", end="\n" if is_over else "", file=sys.stderr, flush=True)
    elif status != printed:
        print(status, file=sys.stderr, flush=True)
    return status


def _end(transaction: ServiceAnswer, *, quiet: bool) -> int:
    failure = transaction.get("failure") or {}
    if transaction["status"] == "completed":
        code, says = PAID, f"Paid. Receipt {transaction.get('mpesaReceiptNumber') or 'not known yet'}."
    elif transaction["status"] == "failed" and failure.get("reason") != "no_answer":
        code, says = FAILED, f"Not paid: {failure.get('message', 'it failed.')}"
    else:
        code, says = UNKNOWN, "It is not known whether it was paid. Do not pay again; Pokea goes on asking."
    print(json.dumps(transaction) if quiet else says)
    return code
