"""The switches: their defaults, and what they refuse."""

import dataclasses
from typing import Any

import pytest

from pokea.setting_rules import SANDBOX_PASSKEY
from pokea.simulator import SimulatorOptions
from pokea.simulator.options import switches


def test_the_defaults_are_the_contract_s() -> None:
    """The demo's credentials, the law's seconds (law: simulator), and the reference's defaults
    (daraja: faithful simulator) with the query limit off."""
    options = SimulatorOptions()
    assert (options.consumer_key, options.consumer_secret) == ("simulator-key", "simulator-secret")
    assert (options.shortcode, options.till, options.passkey) == ("174379", "174380", SANDBOX_PASSKEY)
    assert (options.prompt_seconds, options.known_number_seconds) == (60, 1)
    assert (options.unreachable_query_seconds, options.unreachable_callback_seconds) == (14, 26)
    assert (options.expires_in, options.bad_credentials, options.old_token) == ("string", "empty", "valid")
    assert (options.request_types, options.missing_description) == ("both", "refused")
    assert (options.pending_query, options.unknown_query) == ("4999", "500.001.1001")
    assert (options.query_error_rate, options.query_limit) == (0, "off")
    assert options.no_response_callback == "No response from user."
    assert options.no_response_query == "DS timeout user cannot be reached."
    assert (options.callback_order, options.callback_retries) == ("query_first", 0)
    assert (options.balance_item, options.amount_form) == (False, "1")
    assert (options.subscriber_lock, options.same_amount_rule, options.bad_passkey) == ("refused", False, "refused")
    assert (options.firewall, options.identifiers) == (False, "production")


def test_options_cannot_be_changed() -> None:
    """A simulator is what it was made."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        SimulatorOptions().seed = 5  # type: ignore[misc]  # that it cannot is the point


def test_secrets_are_not_printed() -> None:
    """The representation leaves out the secret and the passkey."""
    text = repr(SimulatorOptions(consumer_secret="do-not-print", passkey="nor-this"))
    assert "do-not-print" not in text
    assert "nor-this" not in text


def test_every_option_is_a_switch_with_a_sentence() -> None:
    """A command line finds name, kind, default, choices and help of each."""
    found = switches()
    assert [switch.name for switch in found] == [field.name for field in dataclasses.fields(SimulatorOptions)]
    for switch in found:
        assert switch.kind in (str, int, float, bool)
        assert isinstance(switch.default, switch.kind)
        assert switch.help.endswith(".")
        assert not switch.choices or switch.default in switch.choices


def test_every_choice_of_every_switch_is_taken() -> None:
    """What `--help` offers can be chosen."""
    for switch in switches():
        for choice in switch.choices:
            chosen: dict[str, Any] = {switch.name: choice}
            assert getattr(SimulatorOptions(**chosen), switch.name) == choice


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prompt_seconds", 0),
        ("prompt_seconds", -1),
        ("seed", -1),
        ("pending_query", "5000"),
        ("query_error_rate", 1.1),
        ("shortcode", "17"),
        ("shortcode", "17437\u0669"),
        ("till", "abcdef"),
        ("sweep_at", "24:00"),
        ("most_records", 0),
    ],
)
def test_a_wrong_switch_is_named(name: str, value: Any) -> None:
    """One sentence that begins with the switch's name."""
    with pytest.raises(ValueError, match=f"^{name} .*\\.$"):
        SimulatorOptions(**{name: value})
