"""A connection to a fresh database of either kind, inside one transaction."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from pokea.storage.engines import postgres_engine, sqlite_engine


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """One transaction, which is rolled back at the end."""
    engine = _engine_of(database_url)
    with engine.connect() as opened, opened.begin() as transaction:
        yield opened
        transaction.rollback()
    engine.dispose()


def _engine_of(url: str) -> Engine:
    return sqlite_engine(url, begin="BEGIN IMMEDIATE") if url.startswith("sqlite:") else postgres_engine(url)
