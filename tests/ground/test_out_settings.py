"""Settings of money out: what must be there before money goes out, and what contradicts itself (law: who may)."""

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pokea.certificates import UnusableCertificate
from pokea.clock import from_datetime
from pokea.out_rules import SANDBOX_INITIATOR, check_money_out
from pokea.out_settings import OutSettings
from pokea.setting_rules import Complaint, Severity
from pokea.settings import complaints, examine_settings, given_settings
from tests.broken_settings import PRODUCTION, SANDBOX, SIMULATOR
from tests.ground.sealing import certificate, ec_key

TODAY = date(2026, 5, 4)
OPERATOR: Mapping[str, Any] = {
    "pokea_money_out": "on",
    "mpesa_initiator_name": "apiop37",
    "mpesa_initiator_password": SecretStr("Duka#2026"),
    "mpesa_certificate": "safaricom.cer",
    "mpesa_initiator_password_set_on": TODAY,
}


def found(environment: str = "production", content: Any = None, **changes: Any) -> list[Complaint]:
    """What is complained of, with these changes to settings by which money can go out."""
    settings = OutSettings(**{**OPERATOR, **changes})
    return list(
        check_money_out(
            settings,
            environment=environment,
            shortcode="600001",
            certificate=certificate() if content is None else content,
            today=TODAY,
        )
    )


def said(environment: str = "production", content: Any = None, **changes: Any) -> list[tuple[str, Severity]]:
    """The settings that are complained of, and whether that stops the start."""
    return [(each.setting, each.severity) for each in found(environment, content, **changes)]


def test_whole_settings_are_not_complained_of() -> None:
    """Name, password, certificate and the day are all that money out needs."""
    assert found() == []


def test_money_out_is_off_and_then_needs_nothing() -> None:
    """By default nothing goes out, and nothing is asked for (law: who may)."""
    assert not OutSettings().pays_out
    assert (
        list(check_money_out(OutSettings(), environment="production", shortcode="", certificate=b"", today=TODAY)) == []
    )


@pytest.mark.parametrize("missing", ["mpesa_initiator_name", "mpesa_initiator_password", "mpesa_certificate"])
@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_money_out_does_not_start_without_its_operator(environment: str, missing: str) -> None:
    """Each of the three stops the start when it is missing, and is the only one that is named."""
    empty: Any = SecretStr("") if missing == "mpesa_initiator_password" else ""
    assert said(environment, **{missing: empty}) == [(missing.upper(), Severity.STOPS)]


def test_the_simulator_needs_no_operator() -> None:
    """With the simulator its own operator is filled in, and its certificate is fetched from it."""
    settings = given_settings(**{name.lower(): value for name, value in SIMULATOR.items()}, pokea_money_out="on")
    assert settings.mpesa_initiator_name == SANDBOX_INITIATOR
    assert settings.pays_out


def test_a_sealed_password_stands_for_password_and_certificate() -> None:
    """One from the portal is enough; beside a password it is used, with a warning."""
    ready: dict[str, Any] = {"mpesa_security_credential": SecretStr(base64.b64encode(b"0" * 256).decode())}
    alone: dict[str, Any] = {"mpesa_initiator_password": SecretStr(""), "mpesa_certificate": ""}
    assert found(**ready, **alone) == []
    assert said(**ready) == [("MPESA_SECURITY_CREDENTIAL", Severity.WARNS)]


@pytest.mark.parametrize(
    ("days", "words"), [(0, None), (74, None), (75, "soon"), (84, "soon"), (85, "within days"), (90, "now")]
)
def test_the_password_grows_old(days: int, words: str | None) -> None:
    """A warning at 75 days that grows more urgent (law: who may)."""
    complained = found(mpesa_initiator_password_set_on=date.fromordinal(TODAY.toordinal() - days))
    assert [each.severity for each in complained] == ([] if words is None else [Severity.WARNS])
    assert words is None or words in complained[0].sentence


def test_a_day_ahead_and_no_day_at_all() -> None:
    """A password cannot have been set tomorrow; without a day production is warned."""
    tomorrow = date.fromordinal(TODAY.toordinal() + 1)
    assert said(mpesa_initiator_password_set_on=tomorrow) == [("MPESA_INITIATOR_PASSWORD_SET_ON", Severity.STOPS)]
    assert said(mpesa_initiator_password_set_on=None) == [("MPESA_INITIATOR_PASSWORD_SET_ON", Severity.WARNS)]
    assert said("sandbox", mpesa_initiator_password_set_on=None) == []


def test_today_is_a_day_in_kenya() -> None:
    """An hour before midnight of UTC the day in Kenya has begun already."""
    settings = given_settings(**{name.lower(): value for name, value in SANDBOX.items()}).model_copy(
        update={"mpesa_initiator_password_set_on": TODAY}
    )
    late, earlier = (from_datetime(datetime(2026, 5, 3, hour, tzinfo=UTC)) for hour in (22, 20))
    assert complaints(settings, now=late) == []
    assert [each.setting for each in complaints(settings, now=earlier)] == ["MPESA_INITIATOR_PASSWORD_SET_ON"]


@pytest.mark.parametrize("content", [ec_key(), b"nothing", UnusableCertificate("names a file that cannot be read")])
def test_a_useless_certificate_stops_money_out_alone(content: bytes | UnusableCertificate) -> None:
    """What cannot seal stops the start when money goes out, and is a warning when none does."""
    assert said(content=content) == [("MPESA_CERTIFICATE", Severity.STOPS)]
    assert said(content=content, pokea_money_out="off") == [("MPESA_CERTIFICATE", Severity.WARNS)]


def test_a_certificate_is_read_from_its_file(tmp_path: Path) -> None:
    """`serve` and `doctor` read the file that is named, and complain of one that is not there."""
    file = tmp_path / "safaricom.cer"
    named = {**SANDBOX, "MPESA_CERTIFICATE": str(file)}
    assert [each.setting for each in examine_settings(named, None).complaints] == ["MPESA_CERTIFICATE"]
    file.write_bytes(certificate())
    assert examine_settings(named, None).complaints == ()


@pytest.mark.parametrize(
    ("changes", "setting", "in_production"),
    [
        ({"mpesa_initiator_name": SANDBOX_INITIATOR}, "MPESA_INITIATOR_NAME", Severity.WARNS),
        ({"mpesa_initiator_password": SecretStr("Duka@2026")}, "MPESA_INITIATOR_PASSWORD", Severity.WARNS),
        (
            {"pokea_out_second_person_from": 100, "pokea_out_delay_seconds": 0},
            "POKEA_OUT_DELAY_SECONDS",
            Severity.STOPS,
        ),
        ({"pokea_payee_wait_hours": 0}, "POKEA_PAYEE_WAIT_HOURS", Severity.STOPS),
        ({"pokea_out_limit_one": 50_001}, "POKEA_OUT_LIMIT_ONE", Severity.WARNS),
        ({"pokea_out_limit_payee_day": 50_001}, "POKEA_OUT_LIMIT_PAYEE_DAY", Severity.WARNS),
        ({"mpesa_b2c_shortcode": "600001"}, "MPESA_B2C_SHORTCODE", Severity.WARNS),
    ],
)
def test_contradictions_are_named(changes: Mapping[str, Any], setting: str, in_production: Severity) -> None:
    """What lets one person move money at once stops production; what is only odd warns."""
    assert said(**changes) == [(setting, in_production)]
    assert all(severity is Severity.WARNS for _, severity in said("sandbox", **changes))


def test_commission_is_whole_hundredths() -> None:
    """2.5 percent are 250 hundredths, and no share is computed from a fraction."""
    assert given_settings(**{name.lower(): value for name, value in PRODUCTION.items()}).commission_hundredths == 0
    assert OutSettings(pokea_commission_percent="2.5").commission_hundredths == 250
