"""What each process of `pokea serve --workers N` runs: the server calls one of these by its name."""

import sys

from pokea.api.openapi import Application
from pokea.app import open_service
from pokea.cli.logging_setup import alert_by, log_to_stderr
from pokea.cli.serving import SWITCH_INTERVAL_SECONDS
from pokea.settings import load_settings


def with_background() -> Application:
    """The application of a process that also asks Daraja about quiet payments."""
    return _application(background=True)


def without_background() -> Application:
    """The application of a process that only serves."""
    return _application(background=False)


def _application(*, background: bool) -> Application:
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    log_to_stderr()
    settings = load_settings()
    alert_by(settings)
    return open_service(settings, background=background).application
