"""Every client does what the cases say: against a real service with a simulated Daraja, and against a server that fails
as none of ours does."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pokea.client import WebhookEvent, WebhookRefused, verify_webhook
from pokea.testing import LocalPokea, eventually, free_port
from pokea.testing.receiver import Receiver, receiving
from tests.system.conformance.drivers import Asynchronous, Blocking, Driver, TypeScript
from tests.system.conformance.scripted import scripted

_CASES: Final = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    """The cases of a file, each named by its sentence."""
    return [pytest.param(case, id=case["says"]) for case in json.loads((_CASES / f"{name}.json").read_text())]


@pytest.fixture(scope="module", params=["blocking", "asyncio", "typescript"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """Each client in turn."""
    if request.param == "typescript":
        node = TypeScript()
        yield node
        node.close()
    else:
        yield Blocking() if request.param == "blocking" else Asynchronous()


@pytest.mark.parametrize("case", cases("service"))
def test_a_client_uses_the_service(driver: Driver, case: dict[str, Any], pokea: LocalPokea) -> None:
    """Each step gives what the case says, on a real service."""
    known: dict[str, Any] = {name: pokea.new_phone(kind) for name, kind in case.get("phones", {}).items()}
    known["pushes before"] = pokea.simulator.pushes()
    for step in case["steps"]:
        take_step(driver, step, known, pokea, case.get("token", pokea.token))


@pytest.mark.parametrize("case", cases("endpoints"))
def test_a_client_has_events_sent(driver: Driver, case: dict[str, Any], pokea: LocalPokea) -> None:
    """Each step gives what the case says, and its messages come to a real receiver."""
    with receiving() as receiver:
        known: dict[str, Any] = {"receiver": receiver.url}
        for step in case["steps"]:
            if "receiver answers" in step:
                receiver.status = step["receiver answers"]
            elif "received" in step:
                await_messages(receiver, **filled(step["received"], known))
            else:
                take_step(driver, step, known, pokea, pokea.token)


def await_messages(receiver: Receiver, event: Mapping[str, Any], secret: str, times: int = 1) -> None:
    """This event has come so often, proved by this secret."""

    def proved() -> list[WebhookEvent]:
        found = []
        for message in list(receiver.received):
            with suppress(WebhookRefused):
                found.append(verify_webhook(message.headers, message.body, secret))
        return [each for each in found if fits(json.loads(msgspec.json.encode(each)), event)]

    eventually(lambda: len(proved()) >= times, f"{event} has come {times} times")


def take_step(driver: Driver, step: Mapping[str, Any], known: dict[str, Any], pokea: LocalPokea, token: str) -> None:
    """One step: a call, or something that the customer or Daraja does."""
    if "answer" in step:
        pokea.simulator.answer(filled(step["answer"], known), step["action"])
    elif "fault" in step:
        pokea.simulator.fault(step["fault"], **filled(step["with"], known))
    elif "pushes" in step:
        assert pokea.simulator.pushes() - known["pushes before"] == step["pushes"]
    elif "eventually" in step:
        call, given, gives = step["call"], filled(step["with"], known), filled(step["gives"], known)
        eventually(lambda: fits(driver.perform(pokea.url, token, call, given).get("value"), gives), call)
    else:
        check(driver.perform(pokea.url, token, step["call"], filled(step["with"], known)), step, known)


@pytest.mark.parametrize("case", cases("script"))
def test_a_client_repeats_only_what_is_safe(driver: Driver, case: dict[str, Any]) -> None:
    """However the other side fails, a call is sent as often as the case says, and with the keys that it says."""
    with scripted(case["answers"]) as script:
        url = f"http://127.0.0.1:{free_port()}" if case.get("closed") else script.url
        for step in case["steps"]:
            check(driver.perform(url, "token", step["call"], step["with"]), step, {})
        asked, wanted = script.asked, case["requests"]
    keys = {each.key for each in asked}
    assert len(asked) == wanted["count"]
    assert len(keys) == wanted.get("keys", len(keys))
    assert wanted.get("key") is None or keys == {wanted["key"]}
    if "seconds" in wanted:
        assert asked[1].at - asked[0].at >= wanted["seconds"]


@pytest.mark.parametrize("case", cases("webhooks"))
def test_a_client_proves_webhooks(driver: Driver, case: dict[str, Any]) -> None:
    """What is proved is an event, and everything else is refused in one way."""
    for step in case["steps"]:
        check(driver.perform("", "", step["call"], step["with"]), step, {})


def check(came: Mapping[str, Any], step: Mapping[str, Any], known: dict[str, Any]) -> None:
    """A step gave what it should, and what it gave is known by its name from here on."""
    if "raises" in step:
        assert fits(came.get("error"), filled(step["raises"], known)), came
        return
    assert "value" in came, came
    value = came["value"]
    if "gives" in step:
        assert fits(value, filled(step["gives"], known)), value
    if "holds" in step:
        assert any(fits(each, filled(step["holds"], known)) for each in value), value
    if "as" in step:
        known[step["as"]] = value


def fits(value: Any, wanted: Any) -> bool:
    """Whether a value has all that is wanted; objects may have more fields, lists no more members."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(fits(value.get(name), each) for name, each in wanted.items())
    if isinstance(wanted, list):
        is_alike = isinstance(value, list) and len(value) == len(wanted)
        return is_alike and all(fits(each, one) for each, one in zip(value, wanted, strict=True))
    return bool(value == wanted)


def filled(template: Any, known: Mapping[str, Any]) -> Any:
    """A template with `$name.field` replaced by what is known."""
    if isinstance(template, dict):
        return {name: filled(each, known) for name, each in template.items()}
    if isinstance(template, list):
        return [filled(each, known) for each in template]
    if not isinstance(template, str) or "$" not in template:
        return template
    before, _, path = template.partition("$")
    name, *fields = path.split(".")
    found = known[name]
    for each in fields:
        found = found[each]
    return before + found if before else found
