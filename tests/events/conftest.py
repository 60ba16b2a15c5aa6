"""A PostgreSQL database for two to meet in."""

from tests.properties.conftest import plain as plain  # noqa: PLC0414 - a fixture is found by its name here
