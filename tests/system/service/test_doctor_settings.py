"""`pokea doctor` beside a running service, with one setting broken at a time: it names that one, and nothing else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from pokea.setting_rules import SANDBOX_PASSKEY
from tests.ports import free_port
from tests.system.service.conftest import NewServiceOn, StartWorld
from tests.system.service.running import JWT_SECRET, SECRET_KEY, command
from tests.system.service.world import World


@pytest.fixture(scope="module")
def database_kind() -> str:
    """What is checked here is the same on both."""
    return "sqlite"


@pytest.fixture(scope="module")
def world(new_service_on: NewServiceOn, database_kind: str) -> World:
    """A service of these tests' own: prompts of others, whose callbacks were lost on purpose, are none of its."""
    own = new_service_on(database_kind, "doctor")
    own.service.start()
    return own


ISSUER = {"POKEA_JWT_ISSUER": "https://id.duka.co.ke", "POKEA_JWT_AUDIENCE": "pokea"}


class Wrong(NamedTuple):
    """What is wrong: the settings that are changed, the check and the level of the one line, and words of it."""

    changes: dict[str, str]
    check: str
    level: str
    words: str

    def __str__(self) -> str:
        return " ".join(f"{name}={value[:30]!r}" for name, value in self.changes.items())


WRONG = (
    Wrong({"MPESA_ENVIRONMENT": "live"}, "settings", "fail", "did you mean production"),
    Wrong({"POKEA_BOOKING_FEE": "1,500"}, "settings", "fail", "POKEA_BOOKING_FEE must be a whole number"),
    Wrong({"MPESA_CALLBACK_URL": "https://[your-domain]/x"}, "callback address", "fail", "whole address"),
    Wrong({"POKEA_DATABASE_URL": "postgresql://u:hunter2@h:port/x"}, "settings", "fail", "port"),
    Wrong({"POKEA_DATABASE_URL": "sqlite:///:memory:"}, "settings", "fail", "in memory"),
    Wrong({"MPESA_TILL": "174380"}, "settings", "fail", "MPESA_TRANSACTION_TYPE"),
    Wrong({"POKEA_ALERTS": "telegram://TOKEN-OF-A-BOT"}, "alerts", "fail", "none that Apprise understands"),
    Wrong({"MPESA_ENV": "production"}, "settings", "warn", "did you mean MPESA_ENVIRONMENT"),
    Wrong({"POKEA_ALLOWED_ORIGINS": "shop.duka.co.ke"}, "settings", "fail", "no browser sends"),
    Wrong({"MPESA_BASE_URL": "127.0.0.1:8001"}, "settings", "fail", "MPESA_BASE_URL must be a whole address"),
)


def lines_of(world: World, folder: Path, **changes: str) -> list[tuple[str, str, str]]:
    """Check, level and sentence of every line that is not ok; nothing secret stands in any, nor on the error stream."""
    done = command(folder, world.service.environment | changes, "doctor", "--json")
    assert not any(secret in done.stdout for secret in (JWT_SECRET, SECRET_KEY, "hunter2", "ter2", "TOKEN-OF-A-BOT"))
    assert done.stderr == ""
    checks = json.loads(done.stdout)["checks"]
    assert done.returncode == int(any(each["level"] == "fail" for each in checks))
    return [(each["check"], each["level"], each["says"]) for each in checks if each["level"] != "ok"]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_one_broken_setting_is_one_line(world: World, tmp_path: Path, wrong: Wrong) -> None:
    """Beside a service that is well, doctor says what is wrong and nothing else."""
    ((check, level, says),) = lines_of(world, tmp_path, **wrong.changes)
    assert (check, level) == (wrong.check, wrong.level)
    assert wrong.words in says


@pytest.mark.parametrize("name", ["MPESA_PASSKEY", "MPESA_CALLBACK_URL"])
def test_a_newline_at_the_end_of_a_setting_is_no_part_of_it(world: World, tmp_path: Path, name: str) -> None:
    """What doctor checks is what is sent, so a secret's file with its last line break is well, and so is a slash."""
    value = {"MPESA_PASSKEY": SANDBOX_PASSKEY} | world.service.environment
    assert lines_of(world, tmp_path, **{name: f"{value[name]}\n"}) == []


def test_a_slash_at_the_end_of_the_callback_address_is_no_alarm(world: World, tmp_path: Path) -> None:
    """The address is looked at as it is sent: joined with one slash."""
    url = world.service.environment["MPESA_CALLBACK_URL"]
    assert lines_of(world, tmp_path, MPESA_CALLBACK_URL=f"{url}/") == []


def test_a_file_of_settings_that_is_a_folder_is_one_line(world: World, tmp_path: Path) -> None:
    """It is not passed over in silence, and what stands in the environment is checked all the same."""
    (tmp_path / ".env").mkdir()
    assert [(check, level) for check, level, _ in lines_of(world, tmp_path)] == [("settings", "fail")]


def test_empty_settings_are_not_set(world: World, tmp_path: Path) -> None:
    """As a Compose file leaves them."""
    names = ("POKEA_QUERY_RATE", "POKEA_CONFIRM_FROM", "POKEA_BOOKING_FEE", "MPESA_TRANSACTION_TYPE", "MPESA_TILL")
    assert lines_of(world, tmp_path, **dict.fromkeys(names, "")) == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b'{"issuer": "https://i", "jwks_uri": "https://i/keys"}', "`jwks_uri`"),
        (200, b"<!doctype html><title>Sign in</title>", "no public key"),
        (404, b"", "answers 404"),
    ],
)
def test_an_issuer_without_usable_keys_is_one_line(
    world: World, tmp_path: Path, status: int, body: bytes, words: str
) -> None:
    """With it every call would be answered 503, so it fails and says what stands at the address."""
    with issuer(status, body) as url:
        ((check, level, says),) = lines_of(world, tmp_path, **ISSUER, POKEA_JWKS_URL=url)
    assert (check, level) == ("issuer's keys", "fail")
    assert words in says


def test_an_issuer_that_is_away_is_one_line(world: World, tmp_path: Path) -> None:
    """It does not answer."""
    url = f"http://127.0.0.1:{free_port()}/keys"
    ((check, level, says),) = lines_of(world, tmp_path, **ISSUER, POKEA_JWKS_URL=url)
    assert (check, level) == ("issuer's keys", "fail")
    assert "does not answer" in says


@contextmanager
def issuer(status: int, body: bytes) -> Iterator[str]:
    """The address of a server that answers everything so."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("name", ["POKEA_JWT_ISSUER", "POKEA_JWT_AUDIENCE"])
def test_own_tokens_are_those_that_the_service_accepts(start_world: StartWorld, tmp_path: Path, name: str) -> None:
    """With an issuer or an audience beside the shared secret, `pokea pay` and `pokea token` name it."""
    world = start_world(**{name: "https://id.duka.co.ke"})
    own = {"POKEA_JWT_SECRET": JWT_SECRET, name: "https://id.duka.co.ke"}
    token = command(tmp_path, own, "token", "--subject", "alice", "--scope", "admin").stdout.strip()
    paid = command(tmp_path, own, "pay", world.new_phone("pay"), "70", "--url", f"{world.service.url}/")
    assert paid.returncode == 0, paid.stderr
    given = {"POKEA_TOKEN": f"{token}\n"}
    paid = command(tmp_path, given, "pay", world.new_phone("pay"), "70", "--url", f"{world.service.url}/api/v1")
    assert paid.returncode == 0, paid.stderr
