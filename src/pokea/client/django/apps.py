"""The app, its settings and their checks."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from pokea.client import Pokea, own_tokens


class PokeaConfig(AppConfig):
    """The app, with one client for the whole process."""

    name = "pokea.client.django"
    label = "pokea"
    verbose_name = "Pokea"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        """Let `manage.py check` look at the settings."""
        register(check_settings)

    @cached_property
    def client(self) -> Pokea:
        """The client of these settings."""
        return Pokea(setting("POKEA_URL"), _token())

    @property
    def webhook_secrets(self) -> Sequence[str]:
        """The secrets that a webhook may be signed with."""
        found: str | Sequence[str] = setting("POKEA_WEBHOOK_SECRET")
        return [found] if isinstance(found, str) else found


def pokea() -> Pokea:
    """The client of this project's settings, shared by its threads."""
    return config().client


def config() -> PokeaConfig:
    """The app as it is installed."""
    found: PokeaConfig = apps.get_app_config("pokea")
    return found


def setting(name: str) -> Any:
    """A setting of the project; None where it is not set or empty."""
    return getattr(settings, name, None) or None


def _token() -> str | Callable[[], str]:
    token: str | Callable[[], str] | None = setting("POKEA_TOKEN")
    return own_tokens(setting("POKEA_JWT_SECRET")) if token is None else token


def check_settings(app_configs: object = None, **kwargs: object) -> list[CheckMessage]:
    """What is wrong with the settings, for `manage.py check`."""
    found = []
    try:
        Pokea(setting("POKEA_URL") or "", "token")
    except ValueError as failure:
        found.append(Error(f"POKEA_URL: {failure}.", id="pokea.E001"))
    if setting("POKEA_TOKEN") is None and setting("POKEA_JWT_SECRET") is None:
        hint = "Set POKEA_TOKEN to a token (`pokea token --scope admin`), or POKEA_JWT_SECRET to the service's own."
        found.append(Error("Neither POKEA_TOKEN nor POKEA_JWT_SECRET is set.", hint, id="pokea.E002"))
    if setting("POKEA_WEBHOOK_SECRET") is None:
        hint = "Set it to the `secret` that the service answered when the webhook was made."
        found.append(Error("POKEA_WEBHOOK_SECRET is not set.", hint, id="pokea.E003"))
    return found
