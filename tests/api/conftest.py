"""What the gate's tests share."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from pokea.api.logs import configure_logging
from tests.api.serving import SetClock

_LOGGERS = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "alembic")


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    """Everything that is logged during the test, as the service would print it."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    stream = StringIO()
    configure_logging(SetClock(), stream, logging.DEBUG)
    yield stream
    for logger, handlers, level, propagate in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate
