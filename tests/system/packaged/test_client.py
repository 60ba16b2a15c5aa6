"""The packed `@pokea/client`: sound for those who check packages, and typed as the API is."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.house.test_house import HOUSE
from tests.system.packaged.applications import CHECKERS, made, node, packed
from tools.client_code import client_document

_SCHEMA = HOUSE / "web/client/src/schema.ts"


@pytest.fixture(scope="module")
def tarball() -> Path:
    """The packed npm package."""
    return packed("client")


def test_the_tarball_holds_what_its_users_look_for(tarball: Path) -> None:
    """Licence, source maps with their sources, the types of every entry, one dependency, and a README of theirs."""
    with tarfile.open(tarball) as archive:
        found = {file.name.removeprefix("package/"): archive.extractfile(file) for file in archive.getmembers()}
        text = {name: file.read().decode() for name, file in found.items() if file is not None}
    package = json.loads(text["package.json"])
    entries = [entry for entry in package["exports"].values() if isinstance(entry, dict)]
    assert {name.removeprefix("./") for entry in entries for name in entry.values()} <= set(text)
    assert package["dependencies"] == {"openapi-fetch": "0.17.0"}
    assert text["LICENSE"] == (HOUSE / "LICENSE").read_text()
    for script in [name for name in text if name.endswith(".js")]:
        assert all(json.loads(text[f"{script}.map"])["sourcesContent"]), script
    for word in ("npm install @pokea/client", "verifyWebhook", "webhookRoute", "idempotencyKey"):
        assert word in text["README.md"]


def test_those_who_check_packages_find_nothing(tarball: Path) -> None:
    """publint finds nothing; attw finds the types of every entry in every way of resolving it, as for the checkout."""
    with made(CHECKERS) as folder:
        assert "All good" in node(["npx", "publint", "run", "--strict", str(tarball)], folder)
        node(["npx", "attw", str(tarball), "--ignore-rules", "cjs-resolves-to-esm"], folder)


def test_its_types_are_those_of_the_api(tmp_path: Path) -> None:
    """What `make docs` writes from our OpenAPI is what stands there."""
    written = tmp_path / "schema.ts"
    subprocess.run(["tools/web", "schema"], cwd=HOUSE, env=os.environ | {"SCHEMA": str(written)}, check=True)
    assert written.read_text() == _SCHEMA.read_text(), "run `make docs`"


def test_its_types_name_every_call_and_object() -> None:
    """Each path and each schema of the API that the client uses stands in its types."""
    document, types = client_document(), _SCHEMA.read_text()
    assert [path for path in document["paths"] if f'"{path}": {{' not in types] == []
    assert [name for name in document["components"]["schemas"] if f"        {name}: " not in types] == []
