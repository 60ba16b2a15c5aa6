"""A shop of `examples/` that runs, and a customer who orders there."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple

from pokea.testing import LocalPokea, Program, call, eventually, free_port, webhook_message
from tests import prepared
from tests.client.test_webhooks import SECRET
from tests.house.test_house import HOUSE


class Page(NamedTuple):
    """What a browser shows: where it was led to, and the text."""

    status: int
    url: str
    text: str


class Customer:
    """A browser with cookies that fills in the shop's form."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def order(self, phone: str) -> Page:
        """Order with this phone, and see the page that the shop leads to."""
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.see("/").text)
        form = urllib.parse.urlencode({**dict(hidden), "phone": phone}).encode()
        return self._open(f"{self.url}/orders", form)

    def see(self, path: str) -> Page:
        """A page of the shop."""
        return self._open(urllib.parse.urljoin(self.url, path), None)

    def _open(self, url: str, form: bytes | None) -> Page:
        try:
            with self._opener.open(url, form, timeout=60) as answer:
                return Page(answer.status, answer.url, answer.read().decode())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Page(refusal.code, url, refusal.read().decode())


@contextmanager
def running_shop(
    name: str, commands: Sequence[Sequence[str]], folder: Path, settings: Mapping[str, str], port: int = 0
) -> Iterator[str]:
    """The address of a shop whose last command serves it; those before it are run to their end first."""
    port = port or free_port()
    source, log = HOUSE / "examples" / name, folder / f"{name}.log"
    environment = (
        os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "PORT": str(port)} | dict(settings)
    )
    *prepare, serve = [[sys.executable, *(part.format(port=port, source=source) for part in each)] for each in commands]
    for each in prepare:
        done = subprocess.run(each, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    with log.open("w") as output:
        process = subprocess.Popen(serve, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(url), f"{name} answers; its log:\n{log.read_text()}", 60)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def listening(shop_url: str, pokea: LocalPokea, folder: Path) -> Iterator[None]:
    """`pokea listen`, which posts what happens to the shop, signed with its secret."""
    to = ["--forward-to", f"{shop_url}/pokea/webhook", "--secret", SECRET, "--types", "payment.*"]
    arguments = ["listen", *to, "--url", pokea.url, "--token", pokea.token, "--since", "1h"]
    program = Program(arguments, {}, folder / "listen.log", "", launcher=prepared.launch).start()
    try:
        yield
    finally:
        program.close()


def answers(url: str) -> bool:
    """Whether something is served there."""
    try:
        return call("GET", url, timeout_seconds=5).status == 200
    except OSError:
        return False


class Shop(NamedTuple):
    """A running shop, its customer, and the service that it uses."""

    customer: Customer
    pokea: LocalPokea


def told(shop: Shop, payment: Mapping[str, Any], secret: str = SECRET, times: int = 1) -> int:
    """The status with which the shop takes the webhook about a payment."""
    data = {"object": "payment", "currency": "KES", "reference": "BK-1", "receipt": payment["mpesaReceiptNumber"]}
    same = {name: payment[name] for name in ("id", "version", "status", "amount", "review", "bookingId")}
    moment = {"timestamp": payment["createdAt"], "livemode": False}
    message = webhook_message({"type": f"payment.{payment['status']}", "data": data | same} | moment, secret)
    answers = [call("POST", f"{shop.customer.url}/pokea/webhook", *message[::-1]) for _ in range(times)]
    (status,) = {answer.status for answer in answers}
    return status


def newest(shop: Shop) -> dict[str, Any]:
    """The newest payment, once it has ended."""
    (payment,) = shop.pokea.client.payments.page(limit=1).items
    shop.pokea.client.payments.wait(payment.id)
    headers = {"Authorization": f"Bearer {shop.pokea.token}"}
    url = f"{shop.pokea.url}/api/v1/payments/mpesa/status/{payment.id}"
    found: dict[str, Any] = call("GET", url, None, headers).body["transaction"]
    return found


def orders_and_pays(shop: Shop) -> tuple[str, str]:
    """An order that is paid, and of which the shop has learnt by a webhook. Says how its booking stands."""
    page = shop.customer.order(shop.pokea.new_phone("pay"))
    assert re.search(r"Order \w+ is (waiting|paid)", page.text), page
    payment = newest(shop)
    paid = f"is paid. {payment['mpesaReceiptNumber']}"
    eventually(lambda: paid in shop.customer.see(page.url).text, "the shop has learnt that it is paid")
    booking = shop.pokea.client.bookings.get(payment["bookingId"])
    return booking.status, booking.booking_fee.status


def orders_without_money(shop: Shop) -> str:
    """An order that is not paid, until a proof comes later, and after it an older message again. Says its last page."""
    page = shop.customer.order(shop.pokea.new_phone("insufficient"))
    payment = newest(shop)
    assert told(shop, payment) == 204
    assert "is not paid." in shop.customer.see(page.url).text
    assert (
        told(shop, payment | {"status": "completed", "version": payment["version"] + 1, "mpesaReceiptNumber": "UE4"})
        == 204
    )
    assert "is paid. UE4" in shop.customer.see(page.url).text
    assert told(shop, payment | {"version": payment["version"] + 2}) == 204
    return shop.customer.see(page.url).text.strip()
