"""What has phone numbers in it is readable by its owner alone."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from pokea.errors import Unavailable
from pokea.storage.database import open_database
from pokea.storage.migrate import migrate
from tests.system.service.running import command

OTHERS = 0o077


def touch(connection: Connection) -> None:
    connection.execute(text("create table if not exists touched (word text)"))


def open_to_others(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if stat.S_IMODE(file.stat().st_mode) & OTHERS]


def test_an_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Given the usual umask, neither the file nor its log nor its index can be read by others; one of an earlier
    version is closed when it is opened."""
    before = os.umask(0o022)
    try:
        file = tmp_path / "pokea.sqlite3"
        migrate(f"sqlite:///{file}")
        file.chmod(0o644)
        database = open_database(f"sqlite:///{file}")
        asyncio.run(database.write(touch))
        assert {each.name for each in tmp_path.iterdir()} == {
            "pokea.sqlite3",
            "pokea.sqlite3-wal",
            "pokea.sqlite3-shm",
        }
        assert open_to_others(tmp_path) == []
        database.close()
    finally:
        os.umask(before)


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device or a socket in the place of the database keeps its mode: as root, Pokea would shut /dev/null to all."""
    place = tmp_path / "database"
    with socket.socket(socket.AF_UNIX) as listening:
        # From within the folder, since a socket's address is short.
        monkeypatch.chdir(tmp_path)
        listening.bind(place.name)
        place.chmod(0o666)
        with pytest.raises(Unavailable):
            migrate(f"sqlite:///{place}")
        assert stat.S_IMODE(place.stat().st_mode) == 0o666


def test_an_export_is_its_owners_alone(tmp_path: Path) -> None:
    """Given the usual umask, what export writes cannot be read by others, also over a file that they could read."""
    url = f"sqlite:///{tmp_path / 'pokea.sqlite3'}"
    migrate(url)
    output = tmp_path / "transactions.csv"
    output.write_text("from before")
    output.chmod(0o644)
    done = command(tmp_path, {"POKEA_DATABASE_URL": url}, "export", "--full", "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert open_to_others(tmp_path) == []
    assert "from before" not in output.read_text()
