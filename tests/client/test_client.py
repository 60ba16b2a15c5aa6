"""The client as a package: quick to import, alike in both faces, and made from the API's own description."""

import ast
import inspect
import re
import subprocess
import sys

import pytest

import pokea.client
from pokea.client import async_endpoint_objects, async_objects, endpoint_objects, objects
from pokea.client.problems import BY_CODE
from pokea.errors import CATALOGUE
from tests.conftest import Say
from tests.house.test_house import HOUSE
from tools.client_code import openapi_document

HEAVY = ("fastapi", "starlette", "sqlalchemy", "uvicorn", "pydantic", "alembic", "django", "cryptography", "jwt")
FACES = [
    (objects.Bookings, async_objects.AsyncBookings),
    (objects.Payments, async_objects.AsyncPayments),
    (objects.Links, async_objects.AsyncLinks),
    (objects.Events, async_objects.AsyncEvents),
    (endpoint_objects.Webhooks, async_endpoint_objects.AsyncWebhooks),
]


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import pokea.client", ("urllib3", "aiohttp", "msgspec", "asyncio")),
        ("from pokea.client import verify_webhook", ("urllib3", "aiohttp", "asyncio")),
        ("from pokea.client import Pokea", ("aiohttp",)),
        ("from pokea.client import AsyncPokea", ("urllib3",)),
    ],
)
def test_the_import_loads_nothing_heavy(statement: str, unwanted: tuple[str, ...], say: Say) -> None:
    """None of the server's parts is loaded, and an HTTP client only with the face that uses it."""
    names = (*HEAVY, *unwanted)
    program = f"import sys, time; t = time.process_time(); {statement}; print(time.process_time() - t, *sys.modules)"
    seconds, *loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert [name for name in names if name in loaded] == []
    ours = {name.split(".")[1] for name in loaded if name.startswith("pokea.")}
    assert ours == {"client"}
    say(f"{statement}: {float(seconds) * 1000:.0f} ms of CPU")


@pytest.mark.parametrize("room", ["client", "testing"])
def test_the_client_shares_no_module_with_the_service(room: str) -> None:
    """Neither the client nor what tests are given imports any room but these two, also not where it is used."""
    for file in (HOUSE / "src/pokea" / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            strange = [name for name in names if re.match(r"pokea\.(?!client\b|testing\b)", name)]
            assert strange == [], file


@pytest.mark.parametrize(("one", "other"), FACES)
def test_both_faces_are_alike(one: type, other: type) -> None:
    """Each method of the blocking face is one of the asyncio face, with the same arguments and the same words."""

    def shape(face: type) -> dict[str, tuple[str, str | None]]:
        methods = {name: each for name, each in vars(face).items() if not name.startswith("_")}
        return {name: (str(inspect.signature(each).parameters), each.__doc__) for name, each in methods.items()}

    assert shape(one) == shape(other)


def test_what_is_exported_is_what_is_typed() -> None:
    """Each public name is in the table of homes, in `__all__`, and among the imports for type checkers."""
    tree = ast.parse(inspect.getsource(pokea.client))
    (for_types,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.name for node in for_types.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == set(pokea.client.__all__) == set(dir(pokea.client))
    assert all(getattr(pokea.client, name) is not None for name in pokea.client.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        _ = pokea.client.Nothing


def test_every_refusal_has_a_class() -> None:
    """Each code of the catalogue has one, and they are told apart."""
    assert set(BY_CODE) == set(CATALOGUE)
    assert len(set(BY_CODE.values())) == len(CATALOGUE)


def test_the_client_calls_only_what_the_api_has() -> None:
    """Each path that the client names is in the API's description, with its method."""
    named = {
        line.strip().strip('"').split(".")[0].split(":")[0]
        for file in (HOUSE / "src/pokea/client").glob("*calls.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(('"""POST', '"""GET', '"""PATCH', '"""DELETE'))
    }
    there = set()
    for path, methods in openapi_document()["paths"].items():
        short = path.removeprefix("/api/v1").partition("{")
        there |= {f"{method.upper()} {short[0]}{'{id}' if short[1] else ''}" for method in methods}
    assert len(named) >= 20
    assert named - there == set()
