"""Alerts: every critical line reaches a person, masked, and not too often."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pokea.clock import SECOND, Instant
from pokea.errors import SettingsError
from pokea.events.alerts import REPEATED_EVERY, AlertHandler, sender_to

# A library that Apprise brings still imports a module that Python 3.13 leaves out.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class StoppedClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.instant: Instant = 1_000 * SECOND

    def now(self) -> Instant:
        return self.instant


class Inbox:
    """A person's inbox, which takes what Apprise posts as JSON."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                inbox.bodies.append(json.loads(self.rfile.read(length))["message"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"json://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A running inbox."""
    opened = Inbox()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


@pytest.fixture
def logger() -> logging.Logger:
    """A logger of the test's own, which nothing else hears."""
    found = logging.Logger("test")
    found.setLevel(logging.DEBUG)
    return found


def test_a_critical_line_is_sent_masked(inbox: Inbox, logger: logging.Logger) -> None:
    """A critical line goes out through Apprise with the phone number in it masked; lesser lines do not."""
    handler = AlertHandler(sender_to([inbox.address]), StoppedClock())
    logger.addHandler(handler)
    logger.critical("look at the payment of %s", "254712345678")
    logger.error("this is not an alert")
    assert inbox.bodies == ["look at the payment of 25471*****78"]


def test_the_same_sentence_is_sent_once_in_a_quarter_of_an_hour(logger: logging.Logger) -> None:
    """A flood of one sentence is one message, whatever its details; after a quarter of an hour it is said again."""
    sent: list[str] = []
    clock = StoppedClock()
    handler = AlertHandler(sent.append, clock)
    logger.addHandler(handler)
    for number in range(100):
        logger.critical("a callback came from %s", f"10.0.0.{number}")
    logger.critical("the books do not balance")
    clock.instant += REPEATED_EVERY
    logger.critical("a callback came from %s", "10.0.1.1")
    assert sent == ["a callback came from 10.0.0.0", "the books do not balance", "a callback came from 10.0.1.1"]


def test_sentences_are_remembered_up_to_a_bound(logger: logging.Logger) -> None:
    """However many different sentences are logged, only the newest are remembered."""
    sent: list[str] = []
    handler = AlertHandler(sent.append, StoppedClock())
    logger.addHandler(handler)
    for number in range(300):
        logger.critical(f"sentence {number}")
    logger.critical("sentence 0")
    logger.critical("sentence 299")
    assert sent.count("sentence 0") == 2
    assert sent.count("sentence 299") == 1


def test_an_address_that_apprise_does_not_know_stops_the_start() -> None:
    """A wrong address names the setting and tells nothing of what stands behind the scheme."""
    with pytest.raises(SettingsError, match="POKEA_ALERTS") as refusal:
        sender_to(["nonsense:my-secret"])
    assert "my-secret" not in str(refusal.value)
