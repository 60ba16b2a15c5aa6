"""Where the client takes clock, chance and pauses from; everything else of it is given them."""

import random
import secrets
import time

unix_now = time.time
"""Unix seconds."""
monotonic_now = time.monotonic
pause = time.sleep
chance = random.random
"""From 0 to 1, to spread the repetitions of many clients."""


def new_key() -> str:
    """An Idempotency-Key that no other call has: 128 random bits."""
    return secrets.token_hex(16)
