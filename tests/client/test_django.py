"""The Django app, in a project of one file: webhooks become signals once, settings are checked, the tag is drawn."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import django
import jwt
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.dispatch import Signal
from django.template import Context, Engine
from django.test import Client
from django.test.utils import override_settings

from pokea.client import Booking, Pokea, WebhookEvent
from pokea.client.models import BookingFee
from pokea.events.types import TYPE_NAMES
from pokea.testing import SignedMessage, webhook_message
from tests.client.test_webhooks import EVENT, OTHER, SECRET

JWT_SECRET = "a-secret-for-tests-only-of-32-bytes"
BOOKING = Booking(
    id="bk_1", reference="BK-1", service="Plumbing", customer_id='a"mina', status="awaiting_payment",
    booking_fee=BookingFee(amount=500, status="unpaid", paid_at=None), created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def project() -> None:
    """A Django project with the app and nothing else. Django has one a process."""
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["pokea.client.django"],
        ROOT_URLCONF="pokea.client.django.urls",
        SECRET_KEY="for tests only",
        POKEA_URL="https://pay.example.com",
        POKEA_JWT_SECRET=JWT_SECRET,
        POKEA_WEBHOOK_SECRET=SECRET,
    )
    django.setup()
    call_command("migrate", verbosity=0)


class Heard:
    """A receiver that keeps what it gets, and fails as often as it is asked to."""

    def __init__(self) -> None:
        self.events: list[WebhookEvent] = []
        self.failures = 0

    def __call__(self, event: WebhookEvent, **kwargs: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the shop's database is away")
        self.events.append(event)


@pytest.fixture
def heard() -> Iterator[Heard]:
    """A receiver of `payment_completed`, with nothing handled before."""
    from pokea.client.django.models import HandledEvent  # noqa: PLC0415 - models load in a project that is set up
    from pokea.client.django.signals import payment_completed  # noqa: PLC0415 - as above

    HandledEvent.objects.all().delete()
    receiver = Heard()
    payment_completed.connect(receiver)
    yield receiver
    payment_completed.disconnect(receiver)


def post(message: SignedMessage, **options: Any) -> int:
    """The status with which the view answers."""
    client = Client(raise_request_exception=False, **options)
    answer = client.post("/webhook", message.body, content_type="application/json", headers=message.headers)
    return int(answer.status_code)


def test_a_webhook_is_a_signal(heard: Heard) -> None:
    """The receiver of the type gets the event, and the service hears that it was taken."""
    assert post(webhook_message(EVENT, SECRET)) == 204
    (event,) = heard.events
    assert (event.type, event.data.booking_id) == ("payment.completed", "bk_01")


def test_an_event_that_comes_twice_is_handled_once(heard: Heard) -> None:
    """Also when it was signed anew, as every attempt is."""
    assert [post(webhook_message(EVENT, SECRET)) for _ in range(3)] == [204, 204, 204]
    assert len(heard.events) == 1


def test_an_event_whose_receiver_failed_comes_again(heard: Heard) -> None:
    """The failure is answered as one, nothing is kept, and the next attempt is handled."""
    heard.failures = 1
    assert post(webhook_message(EVENT, SECRET)) == 500
    assert heard.events == []
    assert post(webhook_message(EVENT, SECRET)) == 204
    assert len(heard.events) == 1


def test_what_is_not_proved_is_refused(heard: Heard) -> None:
    """Another secret, an old message and a GET reach no receiver."""
    assert post(webhook_message(EVENT, OTHER)) == 400
    assert post(webhook_message(EVENT, SECRET, sent_at=1_764_000_000)) == 400
    assert Client().get("/webhook").status_code == 405
    assert heard.events == []


def test_a_shop_needs_no_csrf_token_for_it(heard: Heard) -> None:
    """The signature is the proof; the service has no cookie."""
    assert post(webhook_message(EVENT, SECRET), enforce_csrf_checks=True) == 204


def test_a_rotation_is_a_list_of_secrets(heard: Heard) -> None:
    """While both are set, messages of either are taken."""
    with override_settings(POKEA_WEBHOOK_SECRET=[OTHER, SECRET]):
        assert post(webhook_message(EVENT, SECRET)) == 204
        assert post(webhook_message(EVENT | {"data": EVENT["data"] | {"version": 4}}, OTHER)) == 204
    assert len(heard.events) == 2


def test_an_event_of_a_type_to_come_is_announced_to_those_of_all() -> None:
    """`event_received` has every event, whatever its type."""
    from pokea.client.django.signals import event_received  # noqa: PLC0415 - it needs a project that is set up

    receiver = Heard()
    event_received.connect(receiver)
    data = {"object": "voucher", "id": "vo_1", "version": 1}
    assert post(webhook_message({**EVENT, "type": "voucher.spent", "data": data}, SECRET)) == 204
    event_received.disconnect(receiver)
    assert [event.type for event in receiver.events] == ["voucher.spent"]


def test_each_type_has_a_signal_of_its_own() -> None:
    """Named as the type is, with an underscore."""
    from pokea.client.django import signals  # noqa: PLC0415 - it needs a project that is set up

    assert signals.BY_TYPE["payment.completed"] is signals.payment_completed
    assert signals.BY_TYPE["booking.held"] is signals.booking_held
    assert set(signals.BY_TYPE) == {each for each in TYPE_NAMES if not each.startswith(("endpoint.", "webhook."))}
    assert len(signals.BY_TYPE) == len({id(each) for each in signals.BY_TYPE.values()}) >= 20
    assert all(isinstance(each, Signal) for each in signals.BY_TYPE.values())


def test_the_app_needs_no_other_migration() -> None:
    """Its models and its migrations agree, and its table has the name that they say."""
    call_command("makemigrations", "pokea", check=True, dry_run=True, verbosity=0)
    assert "pokea_handled_event" in connection.introspection.table_names()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"POKEA_URL": "pay.example.com"}, ["pokea.E001"]),
        ({"POKEA_URL": ""}, ["pokea.E001"]),
        ({"POKEA_JWT_SECRET": ""}, ["pokea.E002"]),
        ({"POKEA_JWT_SECRET": "", "POKEA_TOKEN": "a.b.c"}, []),
        ({"POKEA_WEBHOOK_SECRET": ""}, ["pokea.E003"]),
    ],
)
def test_the_settings_are_checked(changes: dict[str, str], wrong: list[str]) -> None:
    """`manage.py check` names the setting that is missing or wrong."""
    from pokea.client.django.apps import check_settings  # noqa: PLC0415 - it needs a project that is set up

    with override_settings(**changes):
        assert [each.id for each in check_settings()] == wrong


def test_the_project_has_one_client() -> None:
    """It is made from the settings when it is first used, and shared."""
    from pokea.client.django.apps import pokea  # noqa: PLC0415 - it needs a project that is set up

    assert isinstance(pokea(), Pokea)
    assert pokea() is pokea() is apps.get_app_config("pokea").client
    assert pokea().url == "https://pay.example.com"


def test_the_tag_draws_the_checkout_for_one_customer() -> None:
    """Its token is the customer's, its script comes from the service, and every text is escaped."""
    engine = Engine(libraries={"pokea": "pokea.client.django.templatetags.pokea"})
    template = engine.from_string('{% load pokea %}{% pokea_checkout booking locale="sw" nonce="n1" %}')
    html = template.render(Context({"booking": BOOKING}))
    head, token, tail = html.partition('token="')[0], html.split('token="')[1].split('"')[0], html.split('" locale')[1]
    assert head == (
        '<script type="module" src="https://pay.example.com/checkout.js" nonce="n1"></script>'
        '<pokea-checkout booking-id="bk_1" amount="500" '
    )
    assert jwt.decode(token, JWT_SECRET, ["HS256"])["sub"] == 'a"mina'
    assert tail == '="sw"></pokea-checkout>'
    other = engine.from_string("{% load pokea %}{% pokea_checkout booking customer %}")
    html = other.render(Context({"booking": BOOKING, "customer": "juma"}))
    assert jwt.decode(html.split('token="')[1].split('"')[0], JWT_SECRET, ["HS256"])["sub"] == "juma"
