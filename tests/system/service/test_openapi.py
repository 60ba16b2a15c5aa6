"""The service keeps to its OpenAPI document: whatever is sent, it answers with a documented status and body."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema_rs
import pytest

from tests.conftest import Say
from tests.system.service.conftest import StartWorld
from tests.system.service.contract import check_contract
from tests.system.service.running import call, new_service

Document: TypeAlias = dict[str, Any]


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


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Document:
    """The document of a running service."""
    folder = tmp_path_factory.mktemp("document")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'pokea.sqlite3')}"
    service = new_service(folder, url, "http://127.0.0.1:9").launch()
    try:
        found: Document = call("GET", f"{service.ready().url}/openapi.json").body
    finally:
        service.close()
    return found


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    """Every call by its method and path."""
    for path, by_method in document["paths"].items():
        for method, operation in by_method.items():
            yield f"{method} {path}", operation


def bodies(document: Document) -> Iterator[tuple[str, Document]]:
    """Every body that is taken or answered, but for those of answers that have none."""
    for name, operation in operations(document):
        taken = {"body": operation["requestBody"]} if "requestBody" in operation else {}
        for kind, answer in (taken | operation["responses"]).items():
            if kind not in ("204", "304"):
                assert answer["content"], f"{name} {kind} has no body"
            for media, content in answer.get("content", {}).items():
                yield f"{name} {kind} {media}", content


def test_every_parameter_says_what_it_means(document: Document) -> None:
    """Each has a meaning, one type, its values, and no null, which cannot be sent in an address."""
    seen = set()
    for name, operation in operations(document):
        assert operation["summary"], name
        for parameter in operation.get("parameters", []):
            seen.add(parameter["name"])
            assert len(parameter.get("description", "")) > 10, f"{name} {parameter['name']}"
            assert isinstance(parameter["schema"].get("type"), str), f"{name} {parameter['name']}"
            assert "null" not in json.dumps(parameter["schema"])
    assert {"page", "limit", "status", "from", "to", "bookingId", "q", "cursor", "by"} <= seen


def test_every_body_has_a_schema(document: Document) -> None:
    """Each body that is taken or answered, of a success as well as of a refusal, has a form with named parts."""
    for name, content in bodies(document):
        schema = content["schema"]
        assert schema.get("$ref") or schema.get("properties") or schema.get("type") == "string", name
        for found in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(content)):
            assert found in document["components"]["schemas"], name


def test_every_example_is_of_its_form(document: Document) -> None:
    """Each body has an example, which fits its schema, and whose ids begin as ours do."""
    for name, content in bodies(document):
        if name.endswith("text/event-stream"):
            continue  # The form is of one event, and is no JSON document.
        examples = [case["value"] for case in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        assert examples, f"{name} has no example"
        strict = {"$defs": {}, **content["schema"], "components": document["components"]}
        for example in examples:
            assert [error.message for error in jsonschema_rs.validator_for(strict).iter_errors(example)] == [], name
            assert "\\u2026" not in str(example)
            for found in re.findall(r"'\w*[iI]d': '(\w+?)_", str(example)):
                assert found in ("bk", "evt", "ln", "oc", "pay", "po", "py", "req", "rf", "wh", "ws"), f"{name} {found}"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_reference_may_be_switched_off(start_world: StartWorld) -> None:
    """With POKEA_API_DOCS=false neither the page nor the document is served, and the drop-in still is."""
    url = start_world(POKEA_API_DOCS="false").service.url
    found = {path: call("GET", f"{url}{path}").status for path in ("/docs", "/openapi.json", "/checkout.js")}
    assert found == {"/docs": 404, "/openapi.json": 404, "/checkout.js": 200}
