"""The service keeps to its OpenAPI document: whatever is sent, it answers with a documented status and body."""

from pathlib import Path

import pytest

from tests.conftest import Say
from tests.system.service.conftest import StartWorld
from tests.system.service.contract import check_contract
from tests.system.service.running import call

_PLAIN = ("text/event-stream", "text/plain", "text/html")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_call_keeps_to_the_document(start_world: StartWorld, tmp_path: Path, say: Say) -> None:
    """Schemathesis sends what fits and what does not to every call, and finds no answer that is not documented."""
    world = start_world(switches=["--seed", "7"])
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", "4", "--seed", "1", "--no-shrink"]
    checked = check_contract(world, tmp_path, options, seconds=280)
    say(f"{checked.calls} calls, and every answer as documented")
    assert checked.is_sound, checked.report
    assert checked.calls > 100
    assert "ERROR" not in world.service.log


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_answer_has_a_schema(start_world: StartWorld) -> None:
    """Each JSON answer in the document says what is in it, a success as well as a refusal."""
    document = call("GET", f"{start_world().service.url}/openapi.json").body
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                kinds = answer.get("content", {})
                described = [kind for kind, content in kinds.items() if content.get("schema") or kind in _PLAIN]
                assert described or status in ("204", "304"), f"{method} {path} {status}"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_reference_may_be_switched_off(start_world: StartWorld) -> None:
    """With POKEA_API_DOCS=false neither the page nor the document is served, and the drop-in still is."""
    url = start_world(POKEA_API_DOCS="false").service.url
    found = {path: call("GET", f"{url}{path}").status for path in ("/docs", "/openapi.json", "/checkout.js")}
    assert found == {"/docs": 404, "/openapi.json": 404, "/checkout.js": 200}
