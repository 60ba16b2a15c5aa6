"""A PostgreSQL database by an ordinary door, closed when the test is over."""

from tests.properties.conftest import plain as plain  # noqa: PLC0414 - a fixture is found by its name here
