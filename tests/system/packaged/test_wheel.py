"""The wheel, as `pip install` takes it: the client alone is light, the demo runs from it, and all that it needs is
declared."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from pokea.testing import Program, free_port
from tests.conftest import Say
from tests.house.test_house import HOUSE

_HEAVY = {"fastapi", "starlette", "sqlalchemy", "uvicorn", "pydantic", "aiohttp", "alembic", "cryptography", "typer"}
_OPTIONAL = {"django", "pytest"}
"""What only some users import: with the extra `django`, and in tests of their own."""
_BROUGHT = {"annotated_types": "pydantic"}
"""What a dependency always brings, since it stands in that one's own calls."""
_PAYS = """
import pathlib, sys
import pokea.client
from pokea.client import Pokea
from pokea.testing.simulator_api import SimulatorApi
assert pathlib.Path(pokea.client.__file__).is_relative_to(sys.argv[1]), pokea.client.__file__
pokea = Pokea(sys.argv[2], sys.argv[3])
booking = pokea.bookings.create("Plumbing", amount=500)
pushed = pokea.payments.push(booking, "254708374149")
print(pokea.payments.wait(pushed.transaction_id).status, pokea.bookings.get(booking.id).status)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(folder, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(HOUSE))
    (built,) = folder.glob("pokea-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder into which the wheel alone was installed."""
    folder = wheel.parent / "installed"
    pip(wheel.parent, "install", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def pip(folder: Path, *arguments: str) -> None:
    """Run pip without any registry."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PIP_NO_INDEX": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def python(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with what was installed before this tree."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=installed, env=environment, capture_output=True, text=True, check=True
    )


def test_the_wheel_holds_what_its_users_look_for(wheel: Path) -> None:
    """Pages, types, the apps of the frameworks and the fixtures are in it; the extras are named."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        told = archive.read(metadata).decode()
    for name in (
        "pokea/py.typed", "pokea/pages/checkout.js", "pokea/client/models.py", "pokea/testing/fixtures.py",
        "pokea/client/django/migrations/0001_handled_event.py", "pokea/client/django/templatetags/pokea.py",
    ):  # fmt: skip
        assert name in names
    assert not [name for name in names if name.startswith(("tests/", "examples/"))]
    assert {"django", "fastapi"} <= set(re.findall(r"^Provides-Extra: (\S+)", told, re.MULTILINE))


def test_the_client_comes_without_the_heavier_parts(installed: Path, say: Say) -> None:
    """`import pokea.client` from the installed wheel loads nothing of the server, and says how long it takes."""
    done = python(installed, "-X", "importtime", "-c", "import pokea.client, sys; print(pokea.client.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed)
    rows = [[part.strip() for part in line.split("|")] for line in done.stderr.splitlines() if "|" in line]
    imported = {name.split(".")[0] for _, _, name in rows}
    assert imported & _HEAVY == set()
    (whole,) = [int(total) for _, total, name in rows if name == "pokea.client"]
    say(f"import pokea.client from the wheel: {whole / 1000:.1f} ms of the clock")


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """`pokea demo` starts from what was installed, serves the checkout, and takes a payment of its client."""
    port = free_port()
    options = ["--port", str(port), "--sim-port", str(free_port()), "--data", str(tmp_path), "--no-browser"]
    environment = {"PYTHONPATH": str(installed)}
    program = Program(["demo", *options], environment, tmp_path / "demo.log", f"http://127.0.0.1:{port}").start()
    try:
        token = (tmp_path / "token").read_text().strip()
        done = python(installed, "-c", _PAYS, str(installed), program.url, token)
        assert done.stdout.split() == ["completed", "matching"]
        maps = Path(f"/proc/{program.started.pid}/environ").read_text()
        assert f"PYTHONPATH={installed}" in maps
    finally:
        program.close()


def test_what_is_imported_is_declared() -> None:
    """Each package that any module imports is a dependency of the wheel, or of one of its extras."""
    lines = (HOUSE / "pyproject.toml").read_text(encoding="utf-8").split("[dependency-groups]")[0]
    declared = {name.lower().replace("_", "-") for name in re.findall(r'"([A-Za-z0-9_.-]+)(?:\[\w+\])?[<>=]', lines)}
    homes = packages_distributions()
    for file in (HOUSE / "src/pokea").rglob("*.py"):
        for name in imported_by(file) - {"pokea", *sys.stdlib_module_names} - _OPTIONAL:
            owners = {owner.lower().replace("_", "-") for owner in homes.get(name, [name])}
            assert owners & declared or _BROUGHT.get(name) in declared, f"{file} imports {name}"


def imported_by(file: Path) -> set[str]:
    """The packages that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
