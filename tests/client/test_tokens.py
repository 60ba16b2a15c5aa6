"""Tokens that a shop's back end signs, read as the service reads them."""

import jwt
import pytest

from pokea.api.auth.callers import BOOKINGS_WRITE, PAYMENTS_READ, PAYMENTS_WRITE
from pokea.client import own_tokens, sign_token
from pokea.client.tokens import CUSTOMER_SCOPES

SECRET = "a-secret-for-tests-only-of-32-bytes"
NOW = 1_764_000_000


def test_a_customers_token_says_who_and_until_when() -> None:
    """It has the subject, the end and the three scopes of a customer, signed with HS256."""
    token = sign_token(SECRET, "amina", now=NOW)
    claims = jwt.decode(token, SECRET, ["HS256"], options={"verify_exp": False})
    assert claims == {"sub": "amina", "exp": NOW + 3600, "scope": " ".join(CUSTOMER_SCOPES)}
    assert set(CUSTOMER_SCOPES) == {PAYMENTS_READ, PAYMENTS_WRITE, BOOKINGS_WRITE}


@pytest.mark.parametrize(
    ("secret", "subject"), [("short", "amina"), (SECRET, ""), (SECRET, "a\n"), (SECRET, "a" * 129)]
)
def test_what_the_service_would_refuse_is_not_signed(secret: str, subject: str) -> None:
    """A secret that is too short and a subject that is none are the program's mistakes."""
    with pytest.raises(ValueError, match=r"secret|subject"):
        sign_token(secret, subject, now=NOW)


def test_a_back_end_signs_its_token_anew_before_it_expires() -> None:
    """The same token is given until a minute before its end, then the next one."""
    clock = [float(NOW)]
    token = own_tokens(SECRET, now=lambda: clock[0])
    first = token()
    clock[0] += 3539
    assert token() == first
    clock[0] += 1
    second = token()
    assert second != first
    assert jwt.decode(second, SECRET, ["HS256"], options={"verify_exp": False})["exp"] == NOW + 3540 + 3600
