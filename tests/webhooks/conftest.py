"""A database for what does not depend on its kind."""

from collections.abc import Iterator

import pytest

from pokea.storage.database import Database, open_database


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An open, migrated SQLite database that runs every change twice, the first time rolled back."""
    opened = open_database(sqlite_url, rehearse=True)
    yield opened
    opened.close()
