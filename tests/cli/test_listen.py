"""`pokea listen`: what happens in a running service comes to a shop at home, signed."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from pokea.cli.listen import number_before
from pokea.client import verify_webhook
from pokea.testing import LocalPokea, Program, Receiver, eventually, free_port, receiving
from tests import prepared
from tests.system.service.running import command


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A shop that takes everything."""
    with receiving() as receiver:
        yield receiver


def listening(pokea: LocalPokea, folder: Path, *arguments: str) -> Program:
    """The command, begun, once it has printed the secret."""
    options = ["--url", pokea.url, "--token", pokea.token]
    program = Program(["listen", *options, *arguments], {}, folder / "listen.log", "", launcher=prepared.launch).start()
    eventually(lambda: "whsec_" in program.log, "the secret is printed")
    return program


def test_what_happens_is_posted_signed_and_in_order(pokea: LocalPokea, receiver: Receiver, tmp_path: Path) -> None:
    """Each version of a payment comes once, in order, proved by the printed secret with two libraries; a target that is
    away does no harm to another, and each answer is printed."""
    away = f"http://127.0.0.1:{free_port()}/webhook"
    program = listening(pokea, tmp_path, "--forward-to", receiver.url, "--forward-to", away, "--types", "payment.*")
    try:
        (secret,) = re.findall(r"^export POKEA_WEBHOOK_SECRET=(whsec_\S+)$", program.log, re.MULTILINE)
        latest = pokea.client.events.page(limit=1).latest
        booking = pokea.client.bookings.create("Plumbing", amount=500)
        pushed = pokea.client.payments.push(booking, pokea.new_phone("pay"))
        events = [receiver.message(number) for number in (1, 2, 3)]
        read = [verify_webhook(message.headers, message.body, secret) for message in events]
        assert [each.type for each in read] == ["payment.created", "payment.pending", "payment.completed"]
        assert [(each.data.id, each.data.version) for each in read] == [(pushed.transaction_id, at) for at in (1, 2, 3)]
        assert read[2].data.receipt
        assert Webhook(secret).verify(events[0].body, events[0].headers) == json.loads(events[0].body)
        listed = [each.id for each in pokea.client.events.list(latest, event_type="payment.*")]
        assert [each.id for each in read] == listed
        eventually(lambda: program.log.count("not there") == 3, "what the other target answered is printed")
        assert len(re.findall(r"payment\.completed pay_\w+ to \S+: 204$", program.log, re.MULTILINE)) == 1
        assert len(receiver.received) == 3
    finally:
        program.close()


def test_what_has_happened_comes_again(pokea: LocalPokea, receiver: Receiver, tmp_path: Path) -> None:
    """From an hour ago on, with a secret of one's own: all that the list has, beginning with its first."""
    pokea.client.bookings.create("Plumbing", amount=500)
    eventually(lambda: pokea.client.events.page().events, "the event has its number")
    first = pokea.client.events.page(limit=1).events[0]
    secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    program = listening(pokea, tmp_path, "--forward-to", receiver.url, "--since", "1h", "--secret", secret)
    try:
        message = receiver.message()
        event = verify_webhook(message.headers, message.body, secret)
        assert (event.id, event.type) == (first.id, first.type)
    finally:
        program.close()


@pytest.mark.parametrize("times", [[], [5], [5, 5, 6], [1, 2, 2, 2, 8, 9, 9], list(range(40))])
def test_the_first_that_is_young_enough_is_found(times: list[int]) -> None:
    """For every time and every number of events that are no longer kept, `--since` begins at the first one of that time
    or later."""
    for gone in range(len(times) + 1):
        kept = list(enumerate(times, 1))[gone:]

        async def look(after: int, kept: list[tuple[int, int]] = kept) -> tuple[int, float] | None:
            return next(((number, time) for number, time in kept if number > after), None)

        for begins_at in range(-1, 42):
            found = asyncio.run(number_before(begins_at, len(times), look))
            assert [each for each in kept if each[0] > found] == [each for each in kept if each[1] >= begins_at]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--forward-to", "shop"], "--forward-to"),
        (["--forward-to", "http://127.0.0.1:9/webhook", "--secret", "whsec_!"], "--secret"),
        (["--forward-to", "http://127.0.0.1:9/webhook", "--since", "an hour"], "--since"),
        (["--forward-to", "http://127.0.0.1:9/webhook", "--types", "payment.complete"], "payment.complete"),
        (["--forward-to", "http://127.0.0.1:9/webhook", "--url", "http://127.0.0.1:9"], "No service answers"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    """The option is named, and the exit code is that of a wrong command."""
    done = command(tmp_path, {}, "listen", "--token", "token", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
