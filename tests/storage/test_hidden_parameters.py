"""A failure of the database says which statement failed, and nothing of what was in it."""

import traceback

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from pokea.storage.tables import claims
from tests.system.service.world import on_database

SECRET = "what-nobody-may-read-in-a-log"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_failed_statement_does_not_tell_its_values(kind: str, request: pytest.FixtureRequest) -> None:
    """The text of the failure has the statement without its parameters, since they are customers' data."""
    url: str = request.getfixturevalue(f"{kind}_url")

    def break_it(connection: Connection) -> None:
        connection.execute(insert(claims), [{"request_id": SECRET, "body": SECRET.encode()}])

    with pytest.raises(IntegrityError) as failed:
        on_database(url, break_it)
    told = str(failed.value)
    assert "INSERT INTO claims" in told
    assert SECRET not in told.partition("[SQL:")[2]
    assert "hide_parameters" in "".join(traceback.format_exception(failed.value))
