"""Each wrong setting is named in a sentence, and nothing else is; what is sound is not complained of."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest

from pokea.api.callback_address import CALLBACK_PATHS
from pokea.checkup.findings import Finding, Level
from pokea.checkup.settings_checks import (
    check_alert_addresses,
    check_callback_address,
    check_settings,
    check_watchfulness,
)
from pokea.errors import SettingsError
from pokea.setting_rules import Complaint, Severity, is_guessed_easily
from pokea.settings import examine_settings, given_settings, load_settings
from tests.broken_settings import (
    ANYWHERE,
    IN_PRODUCTION,
    ISSUER,
    JWT_SECRET,
    MISSPELT,
    PRODUCTION,
    SANDBOX,
    SECRETS,
    SIMULATOR,
    Broken,
)

# A library that Apprise brings still imports a module that Python 3.13 leaves out.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def complaints(base: Mapping[str, str], **changes: str) -> tuple[Complaint, ...]:
    """What is complained of when these settings are changed so."""
    return examine_settings({**base, **changes}, None).complaints


def stopping(base: Mapping[str, str], **changes: str) -> set[str]:
    """The settings that stop the start."""
    return {each.setting for each in complaints(base, **changes) if each.severity is Severity.STOPS}


@pytest.mark.parametrize("base", [SIMULATOR, SANDBOX, PRODUCTION, {**PRODUCTION, **ISSUER}])
def test_sound_settings_are_not_complained_of(base: Mapping[str, str]) -> None:
    """There is no warning either."""
    assert complaints(base) == ()


@pytest.mark.parametrize("base", [SIMULATOR, SANDBOX, PRODUCTION], ids=["simulator", "sandbox", "production"])
@pytest.mark.parametrize("broken", ANYWHERE, ids=str)
def test_a_wrong_setting_is_named_and_nothing_else(base: Mapping[str, str], broken: Broken) -> None:
    """One line of one setting, in every environment, with what to do, and without a secret in it."""
    found = complaints(base, **{broken.setting: broken.value})
    assert {each.setting for each in found} == {broken.setting}
    assert broken.words in found[0].sentence
    assert found[0].sentence.startswith(f"{broken.setting} ")
    assert found[0].severity is Severity.STOPS
    told = " ".join(each.sentence for each in found)
    assert not any(piece in told for secret in SECRETS for piece in (secret, secret[: len(secret) // 2], "ter2"))


@pytest.mark.parametrize("broken", IN_PRODUCTION, ids=str)
def test_what_is_dangerous_with_real_money_stops_production(broken: Broken) -> None:
    """It is named there, and nothing else is."""
    found = complaints(PRODUCTION, **{broken.setting: broken.value})
    assert {each.setting for each in found} == {broken.setting}
    assert broken.words in " ".join(each.sentence for each in found)
    assert stopping(PRODUCTION, **{broken.setting: broken.value}) == {broken.setting}


@pytest.mark.parametrize("url", ["http://id.duka.co.ke/keys", "ftp://id.duka.co.ke/keys", "id.duka.co.ke/keys"])
def test_an_issuers_keys_come_over_https_in_production(url: str) -> None:
    """Who is in the way of a plain address could sign tokens for any caller."""
    assert stopping(PRODUCTION, **{**ISSUER, "POKEA_JWKS_URL": url}) == {"POKEA_JWKS_URL"}


def test_what_is_asked_of_production_alone_is_a_warning_elsewhere() -> None:
    """A developer's sandbox with a short path and a weak secret starts."""
    changes = {"MPESA_CALLBACK_URL": "http://pay.duka.co.ke/hook", "POKEA_SECRET_KEY": "a" * 32}
    assert stopping(SANDBOX, **changes) == set()
    assert {each.setting for each in complaints(SANDBOX, **changes)} == set(changes)


@pytest.mark.parametrize("environment", ["sandbox", "simulator"])
def test_the_daraja_of_real_money_is_not_asked_from_a_trial(environment: str) -> None:
    """Production's host under another environment is a contradiction."""
    base = {**SANDBOX, "MPESA_ENVIRONMENT": environment}
    assert stopping(base, MPESA_BASE_URL="https://api.safaricom.co.ke") == {"MPESA_BASE_URL"}


@pytest.mark.parametrize("base", [SIMULATOR, SANDBOX, PRODUCTION])
def test_a_till_and_its_transaction_type_belong_together(base: Mapping[str, str]) -> None:
    """Either without the other is named; both together are sound, and the money goes to the till then alone."""
    assert stopping(base, MPESA_TILL="174380") == {"MPESA_TRANSACTION_TYPE"}
    assert stopping(base, MPESA_TRANSACTION_TYPE="CustomerBuyGoodsOnline") == {"MPESA_TILL"}
    both = {"MPESA_TILL": "174380", "MPESA_TRANSACTION_TYPE": "CustomerBuyGoodsOnline"}
    assert complaints(base, **both) == ()
    assert examine_settings({**base, **both}, None).settings.party_b == "174380"
    paybill = examine_settings({**base, "MPESA_TILL": "174380"}, None).settings
    assert paybill.party_b == paybill.mpesa_shortcode


@pytest.mark.parametrize("empty", ["", " ", "\n", "\t \r\n"])
def test_an_empty_text_is_not_set_whatever_its_type(empty: str) -> None:
    """Every setting may be empty, as `${NAME:-}` of a Compose file leaves it, and has its default then."""
    names = [name.upper() for name in type(given_settings(**SIMULATOR_VALUES)).model_fields]
    others = {name: empty for name in names if name not in SIMULATOR}
    assert examine_settings({**SIMULATOR, **others}, None).settings == given_settings(**SIMULATOR_VALUES)
    assert complaints(SIMULATOR, **others) == ()
    assert stopping({}, **dict.fromkeys(names, empty)) == stopping({})


SIMULATOR_VALUES = {name.lower(): value for name, value in SIMULATOR.items()}


@pytest.mark.parametrize("name", PRODUCTION)
@pytest.mark.parametrize("around", ["{}\n", " {}", "\t{}\r\n", "\u00a0{}\u2003"])
def test_white_space_at_the_ends_is_no_part_of_any_setting(name: str, around: str) -> None:
    """A file of a secret ends with a newline; the setting is what stands before it."""
    changed = examine_settings({**PRODUCTION, name: around.format(PRODUCTION[name])}, None)
    assert changed == examine_settings(PRODUCTION, None)


def test_names_in_small_letters_count() -> None:
    """As pydantic reads them everywhere else."""
    assert complaints({name.lower(): value for name, value in PRODUCTION.items()}) == ()


@pytest.mark.parametrize(("written", "meant"), MISSPELT.items())
@pytest.mark.parametrize("base", [SIMULATOR, PRODUCTION])
def test_a_misspelt_name_is_a_warning_with_the_name_that_is_meant(
    base: Mapping[str, str], written: str, meant: str
) -> None:
    """It does not stop the start, and its value is not repeated."""
    (found,) = complaints(base, **{written: "hunter2"})
    assert (found.setting, found.severity) == (written, Severity.WARNS)
    assert f"did you mean {meant}?" in found.sentence
    assert "hunter2" not in found.sentence


@pytest.mark.parametrize(
    "name", ["POKEA_TOKEN", "POKEA_PORT", "POKEA_SERVICE_HOST", "POKEA_PORT_8000_TCP_ADDR", "PATH", "DATABASE_URL"]
)
def test_names_that_others_set_are_left_alone(name: str) -> None:
    """Kubernetes sets some for a service called pokea, and `pokea pay` reads one."""
    assert complaints(PRODUCTION, **{name: "x"}) == ()


def test_a_name_of_ours_that_is_like_no_setting_is_named_too() -> None:
    """Without a guess."""
    (found,) = complaints(SIMULATOR, POKEA_COLOUR_OF_THE_SKY="blue")
    assert (found.severity, "did you mean" in found.sentence) == (Severity.WARNS, False)


@pytest.mark.parametrize(
    "origins",
    [
        "https://shop.duka.co.ke",
        "https://shop.duka.co.ke/",
        "https://shop.duka.co.ke:8443,https://xn--dk-xla.ke",
        "capacitor://localhost https://[2001:db8::1]",
        "https://shop.duka.co.ke,\n  https://www.duka.co.ke",
    ],
)
def test_sites_that_browsers_do_send_are_taken(origins: str) -> None:
    """In production as well."""
    assert complaints(PRODUCTION, POKEA_ALLOWED_ORIGINS=origins) == ()


@pytest.mark.parametrize("networks", ["10.0.0.0/8,192.168.0.0/16", "fc00::/7", "173.245.48.0/20", "127.0.0.1"])
def test_usual_proxies_are_taken(networks: str) -> None:
    """Whole private networks are no danger, and a provider's blocks are small."""
    assert complaints(PRODUCTION, POKEA_TRUSTED_PROXIES=networks) == ()
    assert all(ip_network(each) for each in networks.split(","))


@pytest.mark.parametrize("path", CALLBACK_PATHS)
@pytest.mark.parametrize("prefix", ["", "/pokea", "/a/b"])
def test_a_callback_address_may_stand_behind_a_prefix(path: str, prefix: str) -> None:
    """A proxy may take a prefix away, and a slash may end the address."""
    for end in ("", "/"):
        assert stopping(PRODUCTION, MPESA_CALLBACK_URL=f"https://pay.duka.co.ke{prefix}{path}{end}") == set()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://pay.duka.co.ke/API/v1/payments/stk/callback", "capital letters"),
        ("https://pay.duka.co.ke/api/v1/payments/mpesa/callback", "`mpesa`"),
        ("https://pay.example.com/api/v1/payments/stk/callback", "examples"),
    ],
)
def test_what_daraja_is_reported_to_refuse_is_a_warning(url: str, words: str) -> None:
    """Reports are no proof, so the sandbox starts."""
    assert stopping(SANDBOX, MPESA_CALLBACK_URL=url) == set()
    assert any(words in each.sentence for each in complaints(SANDBOX, MPESA_CALLBACK_URL=url))


def test_a_passkey_of_another_form_is_a_warning() -> None:
    """A cut one is accepted by Daraja without a word, and then nothing happens on any phone (daraja: push errors)."""
    for passkey in ("abcdefg", "0" * 63, "0" * 65):
        (found,) = complaints(PRODUCTION, MPESA_PASSKEY=passkey)
        assert (found.setting, found.severity) == ("MPESA_PASSKEY", Severity.WARNS)


@pytest.mark.parametrize(
    "secret", ["7cb10f9a3de86254b1a09fe37d48c625", JWT_SECRET, "correct horse battery staple and more"]
)
def test_what_is_hard_to_guess_is_taken(secret: str) -> None:
    """Hexadecimal digits and a sentence of one's own are."""
    assert not is_guessed_easily(secret)


def test_only_the_settings_that_a_command_uses_stop_it() -> None:
    """`migrate` needs the database alone, and is not stopped by a passkey that is missing."""
    with pytest.raises(SettingsError, match=r"^MPESA_CONSUMER_KEY is not set"):
        load_settings(_env_file=None, pokea_secret_key=PRODUCTION["POKEA_SECRET_KEY"])
    assert load_settings(needs=["pokea_database_url"], _env_file=None).mpesa_environment == "sandbox"
    with pytest.raises(SettingsError, match=r"^POKEA_DATABASE_URL names no file"):
        load_settings(needs=["pokea_database_url"], _env_file=None, pokea_database_url="sqlite:///")


def levels(findings: list[Finding]) -> list[tuple[str, Level]]:
    """Which checks came to what."""
    return [(finding.check, finding.level) for finding in findings]


def test_doctor_says_of_sound_settings_that_they_are() -> None:
    """One line for all of them, and one for the callback address."""
    examined = examine_settings(PRODUCTION, None)
    assert levels(check_settings(examined)) == [("settings", Level.OK)]
    assert levels(check_callback_address(examined)) == [("callback address", Level.OK)]


@pytest.mark.parametrize("broken", [*ANYWHERE, *IN_PRODUCTION], ids=str)
def test_doctor_names_each_wrong_setting_as_the_start_does(broken: Broken, tmp_path: Path) -> None:
    """The sentence is the one with which `serve` refuses to start, and no other check fails or warns."""
    environment = {**PRODUCTION, broken.setting: broken.value}
    examined = examine_settings(environment, None)
    found = [*check_settings(examined), *check_callback_address(examined)]
    named = [finding for finding in found if finding.level is not Level.OK]
    assert all(finding.level is Level.FAIL and finding.says.startswith(broken.setting) for finding in named)
    values = {name.lower(): value for name, value in environment.items()}
    with pytest.raises(SettingsError) as refused:
        given_settings(**values)
    assert str(refused.value) == named[0].says
    assert list(tmp_path.iterdir()) == []


def test_what_production_should_have_is_asked_for_there_alone() -> None:
    """Alerts and known senders are warnings in production, and nothing to speak of elsewhere."""
    production, sandbox = (examine_settings(base, None).settings for base in (PRODUCTION, SANDBOX))
    assert [each.level for each in check_watchfulness(production)] == [Level.WARN, Level.OK]
    assert check_alert_addresses(production).level is Level.WARN
    changed = {"POKEA_PUSH_LIMIT_PHONE": "0", "POKEA_CALLBACK_ALLOWED_IPS": "196.201.214.0/24"}
    unlimited = examine_settings({**PRODUCTION, **changed}, None).settings
    assert [each.level for each in check_watchfulness(unlimited)] == [Level.OK, Level.WARN]
    assert {each.level for each in [check_alert_addresses(sandbox), *check_watchfulness(sandbox)]} == {Level.OK}


@pytest.mark.parametrize(
    ("addresses", "level"),
    [
        ("json://127.0.0.1", Level.OK),
        ("mailtos://u:hunter2@duka.co.ke?to=a@duka.co.ke,b@duka.co.ke", Level.OK),
        ("mailtos://u:hunter2@duka.co.ke?to=a@duka.co.ke,b@duka.co.ke,json://127.0.0.1", Level.OK),
        ("telegram://TOKEN-OF-A-BOT", Level.FAIL),
        ("TOKEN-OF-A-BOT", Level.FAIL),
        ("json://127.0.0.1 slack://TOKEN-OF-A-BOT/x", Level.FAIL),
        ("mailtos://u:hunter2@duka.co.ke?to=a@duka.co.ke, b@duka.co.ke", Level.FAIL),
    ],
)
def test_doctor_takes_the_addresses_of_alerts_that_serve_takes(addresses: str, level: Level) -> None:
    """Whatever is wrong with one, the token in it is not repeated."""
    finding = check_alert_addresses(examine_settings({**PRODUCTION, "POKEA_ALERTS": addresses}, None).settings)
    assert finding.level is level
    assert not any(secret in finding.says for secret in ("TOKEN-OF-A-BOT", "hunter2"))


def test_a_standby_fits_its_primary() -> None:
    """SQLite has none, so that the address of one contradicts it; the primary's own address is only odd."""
    standby = "postgresql://pokea:hunter2@standby/pokea"
    assert complaints(PRODUCTION, POKEA_READ_URL=standby) == ()
    assert stopping(SIMULATOR, POKEA_READ_URL=standby) == {"POKEA_READ_URL"}
    (found,) = complaints(PRODUCTION, POKEA_READ_URL=PRODUCTION["POKEA_DATABASE_URL"])
    assert (found.setting, found.severity) == ("POKEA_READ_URL", Severity.WARNS)
    assert "hunter2" not in found.sentence
    assert stopping(PRODUCTION, POKEA_DATABASE_URL="postgresql://u@h:port/x", POKEA_READ_URL=standby) == {
        "POKEA_DATABASE_URL"
    }
