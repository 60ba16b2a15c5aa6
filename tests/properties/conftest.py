"""A PostgreSQL database for two to meet in."""

from collections.abc import Iterator

import pytest

from pokea.storage.database import Database, open_database


@pytest.fixture
def plain(postgres_url: str) -> Iterator[Database]:
    """A migrated PostgreSQL database, by an ordinary door that runs each change once."""
    opened = open_database(postgres_url)
    yield opened
    opened.close()
