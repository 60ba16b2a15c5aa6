"""Every command beside every broken setting: one line that names it and exit code 2, and never a traceback."""

import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from pokea.cli import main
from tests.broken_settings import ANYWHERE, IN_PRODUCTION, ISSUER, PRODUCTION, SECRETS, SIMULATOR, Broken
from tests.ports import free_port

DATABASE = frozenset({"POKEA_DATABASE_URL"})
TOKENS = frozenset({"POKEA_JWT_SECRET", "POKEA_JWKS_URL", "POKEA_JWT_ISSUER", "POKEA_JWT_AUDIENCE"})
COMMANDS: Mapping[str, tuple[list[str], frozenset[str] | None]] = {
    "serve": (["serve", "--port", "0"], None),
    "serve --workers": (["serve", "--port", "0", "--workers", "2"], None),
    "work": (["work"], None),
    "reconcile": (["reconcile"], None),
    "migrate": (["migrate"], DATABASE),
    "recount": (["recount"], DATABASE),
    "export": (["export"], DATABASE),
    "token": (["token", "--subject", "alice"], TOKENS),
    "pay": (["pay", "0722000000", "5", "--url", "http://127.0.0.1:1"], TOKENS),
}
"""Each command that reads settings: how it is called, and the settings that it uses, None for all."""
ALONE = (["explain", "1032"], ["--version"], ["simulate", "--help"], ["demo", "--help"], ["universe", "--help"])
"""Calls that need no setting."""


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Run: TypeAlias = Callable[[list[str], Mapping[str, str]], Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs the command line in this process, with these settings and no others, in an empty folder."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("MPESA_", "POKEA_")):
            monkeypatch.delenv(name)

    def ended(arguments: list[str], environment: Mapping[str, str]) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["pokea", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return Ended(end.value.code if isinstance(end.value.code, int) else int(bool(end.value.code)), *printed)

    yield ended
    root.handlers[:] = handlers
    root.setLevel(level)


def is_one_line(ended: Ended) -> bool:
    """Whether exactly one line was printed, on the error stream, without a secret."""
    (line,) = ended.err.splitlines()
    assert not any(secret in line for secret in (*SECRETS, "ter2"))
    return ended.out == "" and line.startswith("pokea: ") and "Traceback" not in line


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        pytest.param(name, broken, id=f"{name}, {broken}")
        for name, (_, used) in COMMANDS.items()
        for broken in ANYWHERE
        if broken.unreadable or used is None or broken.setting in used
    ],
)
def test_a_broken_setting_ends_a_command_that_uses_it(run: Run, name: str, broken: Broken) -> None:
    """What cannot be read ends every command; what is wrong in another way ends those that use the setting."""
    ended = run(COMMANDS[name][0], {**SIMULATOR, broken.setting: broken.value})
    assert ended.code == 2
    assert is_one_line(ended)
    assert broken.setting in ended.err
    assert broken.words in ended.err


@pytest.mark.parametrize("name", ["serve", "work", "reconcile"])
@pytest.mark.parametrize("broken", IN_PRODUCTION, ids=str)
def test_production_does_not_start_with_what_is_dangerous(run: Run, name: str, broken: Broken) -> None:
    """The service, its work and its reconciliation stop alike."""
    ended = run(COMMANDS[name][0], {**PRODUCTION, broken.setting: broken.value})
    assert ended.code == 2
    assert is_one_line(ended)
    assert broken.setting in ended.err


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    "content", [None, b"\xff\xfeM\x00", b"MPESA_PASSKEY=\xe9\n"], ids=["folder", "utf-16", "latin-1"]
)
def test_a_file_of_settings_that_cannot_be_read_ends_every_command(
    run: Run, tmp_path: Path, name: str, content: bytes | None
) -> None:
    """Also where the environment has all that is needed: what the file would have changed is not known."""
    if content is None:
        (tmp_path / ".env").mkdir()
    else:
        (tmp_path / ".env").write_bytes(content)
    ended = run(COMMANDS[name][0], SIMULATOR)
    assert ended.code == 2
    assert is_one_line(ended)
    assert ended.err.startswith("pokea: .env is ")


@pytest.mark.parametrize("name", ["migrate", "recount", "export"])
def test_a_command_is_not_stopped_by_what_it_does_not_use(run: Run, name: str) -> None:
    """The database is brought up while the rest is not yet decided."""
    broken = {"MPESA_CALLBACK_URL": "nonsense", "MPESA_SHORTCODE": "x", "POKEA_JWT_SECRET": "short"}
    assert run(COMMANDS[name][0], broken).code == 0


@pytest.mark.parametrize("arguments", ALONE, ids=" ".join)
def test_a_command_without_settings_does_not_look_at_them(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    """However broken they are."""
    (tmp_path / ".env").mkdir()
    assert run(arguments, {"MPESA_ENVIRONMENT": "live", "POKEA_BOOKING_FEE": "1,500"}).code == 0


@pytest.mark.parametrize("subject", ["", " \n", "x" * 129, "a\u200bb"])
def test_a_subject_that_the_service_would_refuse_is_one_line(run: Run, subject: str) -> None:
    """No token is printed that nothing accepts."""
    ended = run(["token", "--subject", subject], SIMULATOR)
    assert ended.code == 2
    assert is_one_line(ended)
    assert "--subject" in ended.err


@pytest.mark.parametrize("scope", ["payments:read \udcff", "admin\u200b", "\u0661"])
def test_a_scope_that_no_service_knows_is_one_line(run: Run, scope: str) -> None:
    """Also where it is no text at all."""
    ended = run(["token", "--subject", "alice", "--scope", scope], SIMULATOR)
    assert (ended.code, "--scope" in ended.err) == (2, True)
    assert is_one_line(ended)


@pytest.mark.parametrize("name", ["token", "pay"])
def test_no_token_is_signed_where_an_issuers_keys_count(run: Run, name: str) -> None:
    """The service would refuse it, so it is said where one is to be had."""
    ended = run(COMMANDS[name][0], {**SIMULATOR, **ISSUER})
    assert ended.code == 2
    assert is_one_line(ended)
    assert "get one from the issuer" in ended.err


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://[::1", "http://shop duka", "http://h:p"]
)
def test_an_address_that_is_none_is_one_line(run: Run, url: str) -> None:
    """`pokea pay` says which option is wrong, and not that the outcome is unknown."""
    ended = run(["pay", "0722000000", "5", "--url", url], SIMULATOR)
    assert ended.code == 2
    assert is_one_line(ended)
    assert "--url" in ended.err


@pytest.mark.parametrize("token", ["a\nb", "ключ", "a\x00b"])
def test_a_token_that_no_header_can_hold_is_one_line(run: Run, token: str) -> None:
    """It is copied wrongly, and the service is not to blame."""
    ended = run(["pay", "0722000000", "5", "--token", token, "--url", f"http://127.0.0.1:{free_port()}"], SIMULATOR)
    assert (ended.code, "--token" in ended.err) == (2, True)
    assert is_one_line(ended)


@pytest.mark.parametrize("output", ["/no-such-folder/x.csv", "."])
def test_a_file_that_cannot_be_written_is_one_line(run: Run, output: str) -> None:
    """With the file and the reason, not with an exception's number."""
    ended = run(["export", "--output", output], SIMULATOR)
    assert ended.code == 1
    assert is_one_line(ended)
    assert f"{output}: " in ended.err


@pytest.mark.parametrize("place", ["no-folder/pokea.sqlite3", "x" * 300])
def test_doctor_says_that_a_file_cannot_be_made(run: Run, place: str) -> None:
    """It does not call the database empty, and every other check is made all the same."""
    base = "http://127.0.0.1:1"
    ended = run(["doctor"], {**SIMULATOR, "MPESA_BASE_URL": base, "POKEA_DATABASE_URL": f"sqlite:///{place}"})
    assert (ended.code, ended.err) == (1, "")
    assert f"fail  database: The database sqlite:///{place} cannot be used: " in ended.out
    assert "fail  credentials: " in ended.out


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_time_that_never_ends_is_one_line(run: Run, value: str) -> None:
    """The simulator would wait for it."""
    ended = run(["simulate", "--port", "0", "--prompt-seconds", value], {})
    assert (ended.code, "prompt_seconds" in ended.err) == (2, True)
    assert is_one_line(ended)


def test_an_argument_that_is_no_text_is_printed_all_the_same(tmp_path: Path) -> None:
    """Also on a terminal that lacks the character."""
    command = [sys.executable, "-m", "pokea", "explain", os.fsdecode(b"10\xff")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(b"10\\udcff is not known")


def test_a_stream_that_is_closed_ends_no_command_with_a_traceback(tmp_path: Path) -> None:
    """What has nowhere to print says so, and what reads nothing needs nothing to read."""
    script = f"exec {shlex.quote(sys.executable)} -m pokea export >&- <&-"
    done = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pokea: Standard output is closed: give --output and a file.\n"


@pytest.mark.parametrize("command", ["serve", "simulate"])
@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("no-such-host.invalid", "the name of no machine"),
        ("x" * 300, "the name of no machine"),
        ("203.0.113.9", "no address of this machine"),
        ("2001:db8::1", "no address of this machine"),
        ("", "is empty"),
    ],
)
def test_a_host_that_is_not_this_machines_is_not_taken_for_a_port(
    run: Run, command: str, host: str, words: str
) -> None:
    """The option that has to change is the one that is named."""
    ended = run([command, "--host", host, "--port", "0"], SIMULATOR)
    assert ended.code == 1
    assert is_one_line(ended)
    assert words in ended.err
    assert "--host" in ended.err
    assert "--port" not in ended.err
