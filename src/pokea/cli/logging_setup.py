"""Where the commands log."""

import logging
import sys

from pokea.api.logs import configure_logging
from pokea.clock import SystemClock


def log_to_stderr(level: int = logging.INFO) -> None:
    """Every line masked, to the standard error stream."""
    configure_logging(SystemClock(), sys.stderr, level)
