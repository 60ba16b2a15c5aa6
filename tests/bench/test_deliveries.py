"""The parts of the benchmark of webhooks, on a few events."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

from bench.deliveries import all_came, happen, subscribed, wait_at_endpoint
from bench.hook_receiver import HookReceiver
from pokea.client import sign_webhook
from pokea.storage.database import Database
from pokea.webhooks.queue import is_any_free
from pokea.webhooks.replaying import count_waiting
from tests.system.service.running import new_service

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def post(receiver: HookReceiver, path: str, signature: str) -> int:
    """The status of the answer to a message with this signature."""
    body = json.dumps({"timestamp": "2026-01-01T00:00:00.000Z"}).encode()
    headers = {"webhook-id": "evt_1", "webhook-timestamp": "1764000000", "webhook-signature": signature}
    with urlopen(Request(receiver.url + path, body, headers), timeout=30) as answer:
        status: int = answer.status
    return status


def test_the_receiver_proves_what_comes() -> None:
    """A message with another signature is counted as not proved, and every message is answered."""
    body = json.dumps({"timestamp": "2026-01-01T00:00:00.000Z"}).encode()
    signature = sign_webhook("evt_1", 1764000000, body, [SECRET])
    with HookReceiver() as receiver:
        receiver.expect({"/1": SECRET, "/2": SECRET})
        assert [post(receiver, "/1", signature), post(receiver, "/2", "v1,AAAA")] == [204, 204]
        came = receiver.noted().paths
        assert [(came[path].count, came[path].unproved) for path in ("/1", "/2")] == [(1, 0), (1, 1)]
        receiver.expect({"/1": SECRET})
        assert receiver.noted().paths == {}


def test_events_come_to_every_endpoint_once(sqlite_url: str, tmp_path: Path) -> None:
    """What is committed beside a running service is numbered and sent to each endpoint, signed with its secret."""
    paths = ["/1", "/2", "/3"]
    service = new_service(tmp_path, sqlite_url, "http://127.0.0.1:9")
    with HookReceiver() as receiver:
        try:
            service.start()
            subscribed(service, receiver, paths)
            happen(sqlite_url, 5)
            noted = all_came(receiver, paths, 5)
        finally:
            service.close()
    assert [len(noted.paths[path].late_ms) for path in paths] == [5, 5, 5]
    assert 0 < noted.first_at <= noted.last_at


def test_pairs_wait_at_a_disabled_endpoint(database: Database, database_url: str) -> None:
    """As many as were asked for wait, and none is sent."""
    wait_at_endpoint(database_url, 7)
    with database.engine.connect() as connection:
        assert count_waiting(connection) == (7, 0)
        assert not is_any_free(connection, 2**60)
