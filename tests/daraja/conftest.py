"""The database in which the clients under test keep their token."""

from collections.abc import Iterator

import pytest

from pokea.storage.database import Database, open_database


@pytest.fixture
def token_database(sqlite_url: str) -> Iterator[Database]:
    """A migrated SQLite database, open; every change is run twice (law: settler, 6)."""
    opened = open_database(sqlite_url, rehearse=True)
    yield opened
    opened.close()
