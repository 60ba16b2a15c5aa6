"""Where the commands log."""

import logging
import sys

from pokea.api.logs import configure_logging
from pokea.clock import SystemClock
from pokea.setting_rules import Complaint

_log = logging.getLogger("pokea.settings")


def log_to_stderr(level: int = logging.INFO) -> None:
    """Every line masked, to the standard error stream."""
    configure_logging(SystemClock(), sys.stderr, level)


def log_oddity(complaint: Complaint) -> None:
    """A warning about a setting with which the service runs all the same."""
    _log.warning("%s", complaint.sentence)
