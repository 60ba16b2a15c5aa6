"""What doctor makes of settings, addresses, clocks and shares, without any process."""

from typing import Any

import pytest

from pokea.checkup.findings import Level, check_callback_address, check_clock, check_settings, check_watchfulness, worst
from pokea.checkup.inside import Arrivals, check_arrivals, check_schema
from pokea.clock import SECOND
from pokea.settings import Settings
from pokea.storage.migrate import CURRENT, SchemaVersion

SECRET = "a-secret-for-tests-only-of-32-bytes"
DATE = "Wed, 29 Jan 2025 17:46:40 GMT"
AT = 1_738_172_800 * SECOND


def production(**values: Any) -> Settings:
    """Settings with which production may start."""
    mine = {
        "mpesa_environment": "production",
        "mpesa_consumer_key": "key",
        "mpesa_consumer_secret": "secret",
        "mpesa_passkey": "passkey",
        "mpesa_shortcode": "600001",
        "mpesa_callback_url": "https://pay.example.com/api/v1/payments/stk/callback",
        "pokea_secret_key": SECRET,
        "pokea_jwt_secret": SECRET,
    }
    return Settings(_env_file=None, **mine | values)


def levels(settings: Settings) -> list[Level]:
    """The levels of what is said about the callback address."""
    return [finding.level for finding in check_callback_address(settings)]


def test_a_good_production_is_well() -> None:
    """Complete settings and a plain address raise nothing."""
    assert [finding.level for finding in check_settings(production())] == [Level.OK]
    assert levels(production()) == [Level.OK]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://pay.example.com/callback", [Level.FAIL]),
        ("https://localhost/callback", [Level.FAIL]),
        ("https://Pay.example.com/callback", [Level.WARN]),
        ("https://pay.example.com/api/v1/payments/mpesa/callback", [Level.WARN]),
        ("", [Level.FAIL]),
        ("not an address", [Level.FAIL]),
    ],
)
def test_an_address_that_daraja_would_not_take_is_told(url: str, expected: list[Level]) -> None:
    """Each of the reasons that reference 2.5 has is told by itself."""
    assert levels(production(mpesa_callback_url=url)) == expected


def test_plain_http_is_tolerated_in_the_sandbox() -> None:
    """The sandbox takes it, so it is a warning there."""
    assert levels(production(mpesa_environment="sandbox", mpesa_callback_url="http://pay.example.com/c")) == [
        Level.WARN
    ]


def test_what_production_should_have_is_asked_for_there_alone() -> None:
    """Alerts and known senders are warnings in production, and nothing to speak of elsewhere."""
    assert [each.level for each in check_watchfulness(production())] == [Level.WARN, Level.WARN, Level.OK]
    unlimited = production(
        pokea_push_limit_phone=0, pokea_alerts="json://example.com", pokea_callback_allowed_ips="196.201.214.0/24"
    )
    assert [each.level for each in check_watchfulness(unlimited)] == [Level.OK, Level.OK, Level.WARN]
    assert {each.level for each in check_watchfulness(production(mpesa_environment="sandbox"))} == {Level.OK}


@pytest.mark.parametrize(
    ("apart", "level"), [(0, Level.OK), (-4, Level.OK), (20, Level.WARN), (-61, Level.FAIL), (3600, Level.FAIL)]
)
def test_clocks_are_compared(apart: int, level: Level) -> None:
    """A few seconds are nothing, more is looked at, a minute fails: whichever clock is ahead."""
    assert check_clock(DATE, AT + apart * SECOND).level is level


@pytest.mark.parametrize("header", ["", "yesterday", "2025"])
def test_an_answer_without_a_date_proves_nothing_about_the_clock(header: str) -> None:
    """It is a warning, not a failure."""
    assert check_clock(header, AT).level is Level.WARN


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (Arrivals(0, 0, None), Level.OK),
        (Arrivals(3, 0, None), Level.OK),
        (Arrivals(100, 100, AT), Level.OK),
        (Arrivals(100, 90, AT), Level.WARN),
        (Arrivals(100, 10, AT), Level.FAIL),
    ],
)
def test_the_share_of_prompts_that_brought_a_callback_is_judged(found: Arrivals, level: Level) -> None:
    """A few prompts judge nothing; many without a callback fail."""
    assert check_arrivals(found).level is level


def test_a_schema_is_older_missing_or_fits() -> None:
    """A newer minor fits too."""
    assert check_schema(None).level is Level.WARN
    assert check_schema(SchemaVersion(1, 0)).level is Level.FAIL
    assert check_schema(CURRENT).level is Level.OK
    assert check_schema(SchemaVersion(CURRENT.major, CURRENT.minor + 5)).level is Level.OK


def test_the_worst_level_is_that_of_the_whole() -> None:
    """A failure outranks a warning, and a warning what is well."""
    well, wary = check_schema(CURRENT), check_schema(None)
    assert worst([well]) is Level.OK
    assert worst([well, wary]) is Level.WARN
    assert worst([wary, check_schema(SchemaVersion(1, 0)), well]) is Level.FAIL
