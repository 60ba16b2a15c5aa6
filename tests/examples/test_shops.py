"""Each shop takes a booking to `matching`, and learns of it by a webhook."""

from collections.abc import Iterator
from typing import Final

import pytest

from pokea.testing import LocalPokea
from tests.client.test_webhooks import OTHER, SECRET
from tests.examples.shops import Customer, Shop, listening, orders_and_pays, orders_without_money, running_shop, told
from tests.house.test_house import HOUSE

_SHOPS: Final = {
    "django-shop": [
        ["{source}/manage.py", "migrate", "--run-syncdb", "-v", "0"],
        ["{source}/manage.py", "runserver", "--noreload", "{port}"],
    ],
    "fastapi-shop": [["-m", "uvicorn", "shop:app", "--port", "{port}"]],
    "any-language": [["{source}/shop.py"]],
}
_MOST_LINES: Final = 80


@pytest.fixture(scope="module", params=_SHOPS)
def shop(
    request: pytest.FixtureRequest, pokea_service: LocalPokea, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """Each shop in turn, with the token and the secret that it needs."""
    folder = tmp_path_factory.mktemp(request.param)
    settings = {"POKEA_URL": pokea_service.url, "POKEA_TOKEN": pokea_service.token, "POKEA_WEBHOOK_SECRET": SECRET}
    with (
        running_shop(request.param, _SHOPS[request.param], folder, settings) as url,
        listening(url, pokea_service, folder),
    ):
        yield Shop(Customer(url), pokea_service)


def test_an_order_is_paid(shop: Shop) -> None:
    """The customer orders and pays, and the webhook of `pokea listen` turns the order to paid."""
    assert orders_and_pays(shop) == ("matching", "held")


def test_an_order_is_not_paid(shop: Shop) -> None:
    """A customer without money sees that it was not paid; a proof that comes later turns it round."""
    assert orders_without_money(shop).endswith("is paid. UE4")


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
