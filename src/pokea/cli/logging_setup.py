"""Where the commands log, and where alerts go."""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor

from pokea.api.logs import configure_logging
from pokea.clock import SystemClock
from pokea.events.alerts import AlertHandler, sender_to
from pokea.setting_rules import Complaint
from pokea.settings import Settings

_log = logging.getLogger("pokea.settings")


def log_to_stderr(level: int = logging.INFO) -> None:
    """Every line masked, to the standard error stream."""
    configure_logging(SystemClock(), sys.stderr, level)


def log_oddity(complaint: Complaint) -> None:
    """A warning about a setting with which the service runs all the same."""
    _log.warning("%s", complaint.sentence)


def alert_by(settings: Settings) -> None:
    """Critical lines also go where POKEA_ALERTS says; raises SettingsError for an address that cannot be used."""
    if not settings.pokea_alerts:
        return
    send = sender_to(settings.pokea_alerts)
    thread = ThreadPoolExecutor(1, "pokea-alerts")
    logging.getLogger().addHandler(AlertHandler(lambda text: thread.submit(send, text), SystemClock()))
