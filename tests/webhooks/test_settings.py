"""The setting of what webhooks may be sent to although it is private."""

from ipaddress import ip_address

import pytest

from pokea.errors import SettingsError
from pokea.public_addresses import Allowance
from tests.webhooks.scene import settings_of


@pytest.mark.parametrize(
    "text", ["10.1.0.0/16 hooks.internal", "10.1.0.0/16,hooks.internal", " 10.1.0.0/16 ,\n hooks.internal"]
)
def test_hosts_and_networks_are_listed_with_blanks_or_commas(text: str) -> None:
    """Either separates them, and both are allowed."""
    allowance = settings_of(pokea_webhook_allow=text).webhook_allowance
    assert allowance.permits("any.example", ip_address("10.1.2.3"))
    assert allowance.permits("hooks.internal", ip_address("192.168.0.1"))
    assert not allowance.permits("any.example", ip_address("192.168.0.1"))


def test_nothing_private_is_allowed_unless_it_is_listed() -> None:
    """The default allows nothing."""
    assert settings_of(pokea_webhook_allow="").webhook_allowance == Allowance()


@pytest.mark.parametrize("text", ["10.0.0.0/33", "https://hooks.internal", "hooks internal_ -x"])
def test_what_is_no_host_and_no_network_stops_the_start(text: str) -> None:
    """The sentence names the setting and the part."""
    with pytest.raises(SettingsError, match="POKEA_WEBHOOK_ALLOW"):
        settings_of(pokea_webhook_allow=text)
