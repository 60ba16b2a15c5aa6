"""`pokea trigger`: a payment that truly happens on the simulator, and none anywhere else."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from pokea.testing import LocalPokea, free_port
from pokea.testing.receiver import receiving
from tests.system.conformance.scripted import scripted
from tests.system.service.running import command


def triggered(folder: Path, url: str, token: str, *arguments: str) -> CompletedProcess[str]:
    """The command at its end."""
    return command(folder, {}, "trigger", *arguments, "--url", url, "--token", token)


@pytest.mark.parametrize(("wanted", "receipt"), [("payment.completed", True), ("payment.failed", False)])
def test_a_payment_ends_as_it_was_asked_to(pokea: LocalPokea, tmp_path: Path, wanted: str, receipt: bool) -> None:
    """The event is printed, is the payment's last in the list, and comes to an endpoint as any other."""
    with receiving() as receiver:
        endpoint = pokea.client.webhooks.create(receiver.url, [wanted])
        done = triggered(tmp_path, pokea.url, pokea.token, wanted, "--amount", "70")
        assert done.returncode == 0, done.stderr
        event = json.loads(done.stdout)
        assert (event["type"], event["data"]["amount"]) == (wanted, 70)
        assert bool(event["data"]["receipt"]) is receipt
        *_, last = pokea.client.events.list(object_id=event["data"]["id"])
        assert last.id == event["id"]
        assert receiver.message().headers["webhook-id"] == event["id"]
        pokea.client.webhooks.delete(endpoint.id)


@pytest.mark.parametrize("environment", ["sandbox", "production", None])
def test_nothing_is_made_where_phones_are_real(tmp_path: Path, environment: str | None) -> None:
    """A service that does not say that it is on the simulator is asked for no booking and no push."""
    listed = {"status": 200, "success": True, "events": [], "next": 0, "latest": 0, "environment": environment}
    with scripted([listed]) as script:
        done = triggered(tmp_path, script.url, "token", "payment.completed")
        assert (done.returncode, done.stdout) == (2, "")
        assert "not on the simulator" in done.stderr
        assert [(each.method, each.path) for each in script.asked] == [("GET", "/api/v1/events?limit=1")]


def test_wrong_input_ends_with_two(pokea: LocalPokea, tmp_path: Path) -> None:
    """A type that cannot be triggered, an amount out of bounds, a service that is away, and a bad token."""
    for done in (
        triggered(tmp_path, pokea.url, pokea.token, "payout.completed"),
        triggered(tmp_path, pokea.url, pokea.token, "payment.completed", "--amount", "0"),
        triggered(tmp_path, f"http://127.0.0.1:{free_port()}", pokea.token, "payment.completed"),
        triggered(tmp_path, pokea.url, "no.such.token", "payment.completed"),
    ):
        assert (done.returncode, done.stdout) == (2, ""), done
        assert done.stderr
