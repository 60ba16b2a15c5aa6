"""The files of deploy/ name commands, options and settings that exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import typer

from pokea.cli.program import program
from pokea.settings import Settings
from tests.house.test_house import HOUSE

_DEPLOY = HOUSE / "deploy"
_SETTING = re.compile(r"\b(?:POKEA|MPESA)_[A-Z0-9_]+\b")


def files() -> Iterator[Path]:
    """What is committed there."""
    return (file for file in sorted(_DEPLOY.rglob("*")) if file.is_file() and "certificate" not in file.parts)


def test_each_setting_that_is_named_exists() -> None:
    """A setting that was renamed is renamed here."""
    known = {name.upper() for name in Settings.model_fields}
    named = {name for file in files() for name in _SETTING.findall(file.read_text(encoding="utf-8"))}
    assert {"POKEA_PREPARE", "POKEA_NOTICES_URL", "POKEA_READ_URL", "MPESA_CALLBACK_URL"} <= named
    assert named - known == set()


def commands() -> list[list[str]]:
    """The command lines of compose and of the units."""
    composed = re.findall(
        r"^    command: \[(.+)\]$", (_DEPLOY / "compose.yaml").read_text(encoding="utf-8"), re.MULTILINE
    )
    units = "\n".join(file.read_text(encoding="utf-8") for file in (_DEPLOY / "systemd").iterdir())
    started = re.findall(r"^ExecStart=\S+/pokea (.+)$", units.replace("%i", "1"), re.MULTILINE)
    return [[word.strip(' "') for word in line.split(",")] for line in composed] + [line.split() for line in started]


def test_each_command_is_taken_with_its_options() -> None:
    """Each is read as the terminal would read it; nothing is run."""
    known = cast("typer.core.TyperGroup", typer.main.get_command(program))
    lines = commands()
    assert sorted(line[0] for line in lines) == ["migrate", "serve", "serve", "serve", "work", "work"]
    for name, *arguments in lines:
        known.commands[name].make_context(name, arguments)


def test_the_parts_find_each_other() -> None:
    """nginx leads to the services of compose by their names, and the pooler's port is the one that they call."""
    composed = (_DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    services = set(re.findall(r"^  ([a-z-]+):$", composed.partition("\nservices:\n")[2], re.MULTILINE))
    upstream = re.findall(r"server ([a-z-]+):8000 ", (_DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    assert sorted(upstream) == ["serve-a", "serve-b"]
    assert {*upstream, "postgres", "standby", "pgbouncer", "migrate", "work", "nginx"} <= services
    (port,) = re.findall(r"listen_port = (\d+)", (_DEPLOY / "pgbouncer/pgbouncer.ini").read_text(encoding="utf-8"))
    assert set(re.findall(r"@pgbouncer:(\d+)/", composed)) == {port}
    for file in re.findall(r"- \./([\w./]+):", composed):
        assert file == "certificate" or (_DEPLOY / file).is_file()
