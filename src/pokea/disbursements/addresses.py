"""The secret addresses that Daraja is given: each belongs to one attempt, or one question, and one purpose.

A token is 48 hexadecimal digits: HMAC of (purpose, owner, number of the question) (law: proof of money out). The path
has none of the words that Daraja refuses (daraja: push validation errors).
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from pokea.addresses import join_address
from pokea.clock import Instant
from pokea.disbursements.evidence import Purpose
from pokea.disbursements.store import OutAddress
from pokea.operations.tokens import callback_digest

Sign = Callable[[str, str], str]
"""`PaymentTokens.sign`: 48 hexadecimal digits for a purpose and a subject."""

_PATHS: Final = {
    Purpose.RESULT: "result",
    Purpose.TIMEOUT: "timeout",
    Purpose.STATUS: "status",
    Purpose.STATUS_TIMEOUT: "timeout",
    Purpose.BALANCE: "status",
    Purpose.BALANCE_TIMEOUT: "timeout",
    Purpose.CHECK: "status",
    Purpose.CHECK_TIMEOUT: "timeout",
}


class AddressPair(NamedTuple):
    """Where the answer to one request comes, and where the notice of its timeout; `rows` is what is remembered."""

    result_url: str
    timeout_url: str
    rows: tuple[OutAddress, OutAddress]


class AddressBook:
    """Makes the addresses. `site` is where Daraja reaches the service."""

    def __init__(self, site: str, sign: Sign) -> None:
        self._site = site
        self._sign = sign

    def of_attempt(self, attempt_id: str, now: Instant) -> AddressPair:
        """The addresses of the attempt's own request."""
        return self._pair(attempt_id, Purpose.RESULT, Purpose.TIMEOUT, 0, now)

    def of_question(self, attempt_id: str, question: int, now: Instant) -> AddressPair:
        """The addresses of the attempt's question with this number, from 1."""
        return self._pair(attempt_id, Purpose.STATUS, Purpose.STATUS_TIMEOUT, question, now)

    def of_balance(self, owner_id: str, question: int, now: Instant) -> AddressPair:
        """The addresses of a question about the balance."""
        return self._pair(owner_id, Purpose.BALANCE, Purpose.BALANCE_TIMEOUT, question, now)

    def of_check(self, owner_id: str, now: Instant) -> AddressPair:
        """The addresses of a question that only tries whether questions are answered."""
        return self._pair(owner_id, Purpose.CHECK, Purpose.CHECK_TIMEOUT, 0, now)

    def _pair(self, owner_id: str, answer: Purpose, timeout: Purpose, question: int, now: Instant) -> AddressPair:
        tokens = [self._sign(f"out:{purpose}:{question}", owner_id) for purpose in (answer, timeout)]
        urls = [
            join_address(self._site, f"api/v1/out/{_PATHS[purpose]}", token)
            for purpose, token in zip((answer, timeout), tokens, strict=True)
        ]
        first, second = (
            OutAddress(callback_digest(token), owner_id, purpose.value, question, now)
            for purpose, token in zip((answer, timeout), tokens, strict=True)
        )
        return AddressPair(urls[0], urls[1], (first, second))
