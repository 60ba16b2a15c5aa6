"""The schema: made step by step, the same as the tables in code, and never touched where it does not fit."""

from pokea.storage.migrate import migrate


def test_migrating_an_empty_database_makes_the_schema_once(empty_database_url: str) -> None:
    """The first `migrate` makes the schema; a second one finds nothing to do, and says so."""
    assert migrate(empty_database_url) == "The schema was made: version 1.0."
    assert migrate(empty_database_url) == "Nothing to do: the schema is at version 1.0."
