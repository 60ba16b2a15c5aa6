"""Each shop takes a booking to `matching`, and learns of it by a webhook."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import pytest

from pokea.testing import LocalPokea, call, webhook_message
from tests.client.test_webhooks import OTHER, SECRET
from tests.examples.shops import Customer, running_shop
from tests.house.test_house import HOUSE

_SHOPS: Final = {
    "django-shop": [
        ["{source}/manage.py", "migrate", "--run-syncdb", "-v", "0"],
        ["{source}/manage.py", "runserver", "--noreload", "{port}"],
    ],
    "fastapi-shop": [["-m", "uvicorn", "shop:app", "--port", "{port}"]],
}
_MOST_LINES: Final = 80


class Shop(NamedTuple):
    """A running shop, its customer, and the service that it uses."""

    customer: Customer
    pokea: LocalPokea


@pytest.fixture(scope="module", params=_SHOPS)
def shop(
    request: pytest.FixtureRequest, pokea_service: LocalPokea, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """Each shop in turn, with the token and the secret that it needs."""
    folder = tmp_path_factory.mktemp(request.param)
    settings = {"POKEA_URL": pokea_service.url, "POKEA_TOKEN": pokea_service.token, "POKEA_WEBHOOK_SECRET": SECRET}
    with running_shop(request.param, _SHOPS[request.param], folder, settings) as url:
        yield Shop(Customer(url), pokea_service)


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


def test_an_order_is_paid(shop: Shop) -> None:
    """The customer orders and pays; the webhook turns the order to paid, also when it comes twice."""
    page = shop.customer.order(shop.pokea.new_phone("pay"))
    assert re.search(r"Order \w+ is waiting", page.text), page
    payment = newest(shop)
    assert told(shop, payment, times=2) == 204
    assert f"is paid. {payment['mpesaReceiptNumber']}" in shop.customer.see(page.url).text
    booking = shop.pokea.client.bookings.get(payment["bookingId"])
    assert (booking.status, booking.booking_fee.status) == ("matching", "held")


def test_an_order_is_not_paid(shop: Shop) -> None:
    """A customer without money sees that it was not paid; a proof that comes later turns it round."""
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
    assert "is paid. UE4" in shop.customer.see(page.url).text


def test_a_number_that_is_none_is_said_at_once(shop: Shop) -> None:
    """What the service says to the customer is on the page, and no order is left."""
    page = shop.customer.order("712345678")
    assert page.status == 400
    assert "0712345678" in page.text


def test_a_forged_webhook_pays_nothing(shop: Shop) -> None:
    """Signed with another secret it is refused, and the order waits."""
    phone = shop.pokea.new_phone()
    page = shop.customer.order(phone)
    (payment,) = shop.pokea.client.payments.page(limit=1).items
    forged = {
        "id": payment.id,
        "version": 9,
        "status": "completed",
        "amount": 500,
        "review": [],
        "bookingId": payment.booking_id,
    }
    assert told(shop, forged | {"mpesaReceiptNumber": "UE4", "createdAt": "2026-01-01T00:00:00Z"}, OTHER) == 400
    assert "is waiting" in shop.customer.see(page.url).text
    shop.pokea.simulator.answer(phone, "cancel")


@pytest.mark.parametrize("name", _SHOPS)
def test_a_shop_is_short(name: str) -> None:
    """Its own code has fewer than eighty lines."""
    files = (HOUSE / "examples" / name).rglob("*.py")
    lines = [line for file in files for line in file.read_text().splitlines() if line.strip()]
    assert 0 < len(lines) < _MOST_LINES
