"""The fields of a request for money out or of a question: as text, whichever of JSON's types they came in (law: clients
of the simulator).

Every code, amount, party and identifier type may be a number or text; a field that is absent, empty or null is one
and the same; what Daraja does not name is not looked at.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from pokea.money import CENTS, cents_from_decimal
from pokea.simulator import canned
from pokea.simulator.apis.calls import ParsedRequest
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.validation import Check, is_callback_url, json_object, matches

LONGEST_ID: Final = 100
_FEWEST_REMARKS, _MOST_REMARKS = 2, 100

Checks: TypeAlias = Sequence[tuple[str, Check]]
"""Fields in the order in which Daraja looks at them; the first that is wrong is named."""


class RequestFields:
    """The object of one request."""

    def __init__(self, message: dict[str, Any], options: SimulatorOptions) -> None:
        self._message = message
        self._takes_numbers = options.request_types == "both"

    def text(self, name: str) -> str | None:
        """The field as text; None when it is absent, empty, null, or of a type that Daraja does not take."""
        value = self._message.get(name)
        if isinstance(value, float):
            value = int(value) if value.is_integer() else None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value) if self._takes_numbers else None
        return value or None if isinstance(value, str) else None

    def known(self, name: str) -> str:
        """The field that a check has found to be there, or nothing."""
        return self.text(name) or ""

    def cents(self, name: str) -> int:
        """The amount that a check has found to be whole shillings."""
        return cents_from_decimal(self.known(name)) or 0


def read_fields(
    asked: ParsedRequest, checks: Checks, options: SimulatorOptions, code: str = "400.002.02"
) -> RequestFields | EnvelopeError:
    """The fields of a request, or the refusal of the first that is wrong; a body that is no JSON meets the refusal of
    the first of all (daraja: push validation errors)."""
    message = json_object(asked.content_type, asked.body, canned.bad_field(checks[0][0], code))
    if isinstance(message, EnvelopeError):
        return message
    fields = RequestFields(message, options)
    for name, good in checks:
        if not good(fields.text(name), options):
            return canned.bad_field(name, code)
    return fields


def one_of(*choices: str) -> Check:
    """The check that the field is one of these."""
    return lambda text, options: text in choices


def is_amount(text: str | None, options: SimulatorOptions) -> bool:
    """Whole shillings above nothing, whatever limit M-PESA has."""
    cents = cents_from_decimal(text) if text is not None else None
    return cents is not None and cents > 0 and cents % CENTS == 0


def are_remarks(text: str | None, options: SimulatorOptions) -> bool:
    """2 to 100 characters (daraja: B2C request)."""
    return text is not None and _FEWEST_REMARKS <= len(text) <= _MOST_REMARKS


def may_be(check: Check) -> Check:
    """The check of a field that may be left out."""
    return lambda text, options: text is None or check(text, options)


IDENTIFIER: Final = matches(rf"[\x21-\x7e]{{1,{LONGEST_ID}}}")
"""An id that a caller made: visible ASCII; how long it may be is ours (daraja: additions)."""
SHORT_TEXT: Final = matches(r"(?s:.{1,100})")
ADDRESSES: Final[Checks] = (("QueueTimeOutURL", is_callback_url), ("ResultURL", is_callback_url))
