"""Which paths are a callback address, and which payment they name."""

import random

import pytest

from pokea.api.callback_address import (
    CALLBACK_PATHS,
    CallbackAddress,
    OwnName,
    callback_address,
    name_in,
    own_name,
    read_own_name,
)
from pokea.api.errors import is_callback
from pokea.clock import SystemClock
from pokea.ids import Ids
from pokea.setting_rules import REFUSED_WORDS

TOKEN = "0123456789abcdef" * 3
NAME = own_name("pay_01jd8x4m7qv1n2p3r4s5t6v7w8", TOKEN)
BASE = CALLBACK_PATHS[0]


@pytest.mark.parametrize("base", CALLBACK_PATHS)
@pytest.mark.parametrize("end", ["", "/", "//", "///"])
@pytest.mark.parametrize("name", [NAME, TOKEN])
def test_slashes_too_many_change_nothing(base: str, end: str, name: str) -> None:
    """Doubled slashes anywhere and slashes at the end name the same address and the same payment."""
    for path in (base, base.replace("/", "//"), base.replace("/payments", "///payments")):
        assert callback_address(path + end) == CallbackAddress(base, "")
        assert callback_address(f"{path}/{name}{end}") == CallbackAddress(base, name)
        assert callback_address(f"{path}//{name}{end}") == CallbackAddress(base, name)


@pytest.mark.parametrize(
    "last",
    [
        *("x", TOKEN[1:], TOKEN + "0", TOKEN.upper(), TOKEN + "\n", "pay_1", "", "."),
        *(NAME[:-1], NAME + "0", NAME.upper(), NAME + "\n", NAME.replace(".", ""), NAME.replace(".", "..")),
        *(NAME[1:], NAME.replace("-", "--"), f"-{NAME}", f".{TOKEN}", f"0-{NAME}", f"{'00-' * 20}{NAME}"),
    ],
)
def test_what_has_no_names_form_names_no_payment(last: str) -> None:
    """A last part that is neither an id with a token nor a token alone makes the address a bare one, or none."""
    assert callback_address(f"{BASE}/{last}") in (CallbackAddress(BASE, ""), None)
    assert name_in(f"{BASE}/{last}") == ""


@pytest.mark.parametrize("payment_id", ["pay_01jd8x4m7qv1n2p3r4s5t6v7w8", "pay_1", "pay_of_no_booking"])
def test_a_name_says_the_payment_and_its_token(payment_id: str) -> None:
    """The id is whole again, and a token alone names no payment."""
    assert read_own_name(own_name(payment_id, TOKEN)) == OwnName(payment_id, TOKEN)
    assert name_in(f"{BASE}/{own_name(payment_id, TOKEN)}") == own_name(payment_id, TOKEN)
    assert read_own_name(TOKEN) == OwnName(None, TOKEN)


def test_no_id_writes_a_word_that_production_refuses() -> None:
    """Chance writes `exe`, `cmd` and others into ids; in pairs of characters none of them is left."""
    chance = random.Random(1)
    ids = [Ids(SystemClock(), chance.randbytes).new("pay") for _ in range(20_000)]
    assert any(word in each for each in ids for word in REFUSED_WORDS)
    assert not [each for each in ids if any(word in own_name(each, TOKEN) for word in REFUSED_WORDS)]


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}X",
        f"{BASE}s/{TOKEN}",
        f"{BASE}-old",
        f"/x{BASE}",
        f"{BASE}/{TOKEN}/more",
        f"{BASE}/a/b",
        "/api/v1/payments/mpesa/",
        "/api/v1/payments/callback",
        BASE.upper(),
        BASE + "/" * 1_000,
        "",
    ],
)
def test_other_paths_are_no_callback_address(path: str) -> None:
    """A path that only begins, ends or looks like a callback address is none."""
    assert callback_address(path) is None
    assert not is_callback(path)
