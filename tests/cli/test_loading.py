"""What the commands load: nothing that they do not use."""

import subprocess
import sys

import pytest

from tests.conftest import Say

_SERVES = "from pokea.app import open_service; import pokea.cli.serving, pokea.cli.serve"


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        (_SERVES, {"fastapi", "phonenumbers", "psycopg", "alembic", "mako", "apprise", "pokea.simulator.server"}),
        ("import pokea.cli.program", {"pokea.app", "sqlalchemy", "pydantic", "starlette", "aiohttp", "uvicorn"}),
        ("import pokea.settings", {"sqlalchemy", "starlette", "aiohttp"}),
    ],
)
def test_what_is_not_used_is_not_loaded(statement: str, unwanted: set[str], say: Say) -> None:
    """A service on SQLite loads no other framework, no driver of PostgreSQL, no migrations and no simulator; a command
    loads its parts when it runs."""
    program = f"import sys, time; {statement}; print(time.process_time(), *sys.modules)"
    seconds, *loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert unwanted & set(loaded) == set()
    say(f"{statement}: {float(seconds) * 1000:.0f} ms of CPU, {len(loaded)} modules")
