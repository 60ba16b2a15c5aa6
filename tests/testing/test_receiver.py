"""Signed messages and the small server that collects them, for the test of a receiver."""

import time
from typing import Any

import pytest

from pokea.client import WebhookRefused, verify_webhook
from pokea.testing import call, free_port, receiving, webhook_message
from tests.client.test_webhooks import EVENT, NOW, OTHER, SECRET


def test_a_message_is_signed_as_the_service_signs_it() -> None:
    """What a test posts to its shop is proved there, with the id of the object and its version."""
    message = webhook_message(EVENT, SECRET)
    event = verify_webhook(message.headers, message.body, SECRET)
    assert (event.id, event.type) == ("evt_pay_01_3", "payment.completed")
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 60


@pytest.mark.parametrize(("secret", "sent_at"), [(OTHER, NOW), (SECRET, NOW - 3600)])
def test_a_message_can_be_wrong_on_purpose(secret: str, sent_at: int) -> None:
    """A forged and an old one are made to see that the shop refuses them."""
    message = webhook_message(EVENT, secret, sent_at=sent_at)
    with pytest.raises(WebhookRefused):
        verify_webhook(message.headers, message.body, SECRET, NOW)


def test_what_comes_is_kept_in_order() -> None:
    """Headers and bodies as they were sent, whatever the receiver answers."""
    with receiving() as receiver:
        answers = []
        for number, status in enumerate((204, 500, 410), start=1):
            receiver.status = status
            message = webhook_message(changed(number), SECRET)
            answers.append(call("POST", receiver.url, message.body, message.headers).status)
        assert answers == [204, 500, 410]
        for number in (1, 2, 3):
            came = receiver.message(number)
            assert verify_webhook(came.headers, came.body, SECRET).data.version == number


def changed(version: int) -> dict[str, Any]:
    """The event of another version."""
    return EVENT | {"data": EVENT["data"] | {"version": version}}


def test_free_ports_differ() -> None:
    """No two programs of a test are given the same port."""
    found = [free_port() for _ in range(20)]
    assert len(set(found)) == 20
