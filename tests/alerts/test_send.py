"""Sending with Apprise, to a real server."""

import asyncio

import pytest

from pokea.alerts.alert import AlertLevel
from pokea.alerts.send import Message, message_of, sender_to
from pokea.errors import SettingsError
from tests.alerts.inbox import ADDRESS, BOOKS, Inbox, from_address, of_rule

# A library that Apprise brings still imports a module that Python 3.13 leaves out.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def send(*addresses: str, message: Message) -> bool:
    """Whether somebody has taken the message."""
    return asyncio.run(sender_to(addresses)(message))  # type: ignore[arg-type]  # a coroutine is awaitable


def test_a_message_arrives_masked_with_its_title_and_type() -> None:
    """Apprise posts title, text and type; a phone number in the text is masked."""
    alert = from_address(1)._replace(text="look at the payment of 254712345678")
    with Inbox().open() as inbox:
        assert send(inbox.address, message=message_of(ADDRESS, [alert])) is True
    (message,) = inbox.messages
    assert message["message"] == "look at the payment of 25471*****78"
    assert message["title"] == "Pokea: A callback came from an address that is not on the list"
    assert message["type"] == "warning"


def test_what_hurts_payments_is_a_failure() -> None:
    """Wrong books are of the type `failure`, and several alerts are lines of one message."""
    message = message_of(BOOKS, [of_rule("a"), of_rule("b")])
    assert message == Message(
        "Pokea: The books are wrong", "the rule a is broken\nthe rule b is broken", AlertLevel.FAILURE
    )
    with Inbox().open() as inbox:
        assert send(inbox.address, message=message) is True
    assert inbox.messages[0]["type"] == "failure"


def test_an_address_that_fails_does_not_keep_it_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """One that takes it is enough, so that those are not told again; the log names the one that did not."""
    closed = Inbox()
    with Inbox().open() as inbox:
        assert send(closed.address, inbox.address, message=message_of(BOOKS, [of_rule("a")])) is True
    assert len(inbox.messages) == 1
    assert "could not be sent to the address that begins with json://" in caplog.text
    assert send(closed.address, message=message_of(BOOKS, [of_rule("a")])) is False


def test_an_address_that_apprise_does_not_know_stops_the_start() -> None:
    """A wrong address names the setting and tells nothing of what stands behind the scheme."""
    with pytest.raises(SettingsError, match="POKEA_ALERTS") as refusal:
        sender_to(["nonsense:my-secret"])
    assert "my-secret" not in str(refusal.value)
