"""Which paths are a callback address, and which token they name."""

import pytest

from pokea.api.callback_address import CALLBACK_PATHS, CallbackAddress, callback_address, own_token
from pokea.api.errors import is_callback

TOKEN = "0123456789abcdef" * 3
BASE = CALLBACK_PATHS[0]


@pytest.mark.parametrize("base", CALLBACK_PATHS)
@pytest.mark.parametrize("end", ["", "/", "//", "///"])
def test_slashes_too_many_change_nothing(base: str, end: str) -> None:
    """Doubled slashes anywhere and slashes at the end name the same address and the same token."""
    for path in (base, base.replace("/", "//"), base.replace("/payments", "///payments")):
        assert callback_address(path + end) == CallbackAddress(base, "")
        assert callback_address(f"{path}/{TOKEN}{end}") == CallbackAddress(base, TOKEN)
        assert callback_address(f"{path}//{TOKEN}{end}") == CallbackAddress(base, TOKEN)


@pytest.mark.parametrize("named", ["x", TOKEN[1:], TOKEN + "0", TOKEN.upper(), TOKEN + "\n", "pay_1"])
def test_what_is_no_token_names_none(named: str) -> None:
    """A name behind the address that has no token's form is a callback without one."""
    assert callback_address(f"{BASE}/{named}") == CallbackAddress(BASE, "")
    assert own_token(f"{BASE}/{named}") == ""


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
