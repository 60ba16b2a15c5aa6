"""The id of a B2C payment is a UUID that belongs to one attempt (law: sending, 2)."""

import re
import uuid

from pokea.operations.tokens import PaymentTokens, originator_id
from pokea.redact import Secret

KEY = Secret("k" * 32)


def test_it_is_a_uuid_of_36_small_characters() -> None:
    """Its form is that of a random UUID, which Daraja is known to take (daraja: additions)."""
    for number in range(200):
        made = originator_id(KEY, f"at_{number}")
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
        assert str(uuid.UUID(made)) == made


def test_it_belongs_to_one_attempt_and_one_key() -> None:
    """The same attempt has the same id again, another attempt or another key another one."""
    ids = {originator_id(key, f"at_{number}") for key in (KEY, Secret("j" * 32)) for number in range(500)}
    assert len(ids) == 1000
    assert originator_id(KEY, "at_1") == originator_id(KEY, "at_1")


def test_it_is_no_token() -> None:
    """Daraja echoes the id, so that nothing secret of the attempt can be read off it."""
    tokens = PaymentTokens(KEY)
    made = originator_id(KEY, "at_1").replace("-", "")
    assert made[:8] not in (tokens.callback_token("at_1")[:8], tokens.sign("originator", "at_1")[:8])
