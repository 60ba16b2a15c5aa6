"""What a code means, for a person who meets one: `pokea explain`. Offline, and from the tables the service reads."""

import difflib
from collections.abc import Mapping
from typing import Final, NamedTuple

from pokea.daraja.codes.core_codes import CORE_CODES
from pokea.daraja.codes.error_codes import ERROR_CODES
from pokea.daraja.codes.out_codes import OUT_CODES
from pokea.daraja.codes.result_codes import RESULT_CODES
from pokea.daraja.codes.types import ErrorMeaning, Finality, Meaning, OutFinality, OutMeaning
from pokea.errors import Fault

_HAPPENED: Final = {
    Finality.PAID: "The customer paid.",
    Finality.UNPAID: "No money moved, for certain.",
    Finality.NOT_YET: "It is not over: Daraja knows no outcome yet.",
    Finality.AMBIGUOUS: "It proves nothing: money may have moved or not.",
}
_OUT_HAPPENED: Final = {
    OutFinality.SUCCESS: "Money went out, if receipt, amount and recipient agree.",
    OutFinality.FAILED: "No money went out, for certain. Of a status or balance question: it has no answer.",
    OutFinality.NEVER: "It proves nothing: money may have gone out or not.",
}
_MOVES: Final = {
    Fault.CALLER: "yours: the request asks for what cannot be",
    Fault.CUSTOMER: "the customer's",
    Fault.DARAJA: "Daraja's: wait",
    Fault.OURS: "yours: the settings or the account with Safaricom",
    Fault.UNKNOWN: "Pokea's: it asks Daraja until it knows",
}
_MOST_NEARBY: Final = 5
_LIKE: Final = 0.6


class Explanation(NamedTuple):
    """One meaning of a code. `kind` is `result`, `money out`, `error` or `core`; the last four are for people."""

    code: str
    kind: str
    title: str
    happened: str
    move: str
    retryable: bool
    do: str
    customer_en: str
    customer_sw: str
    source: str


def explain(code: str) -> list[Explanation]:
    """Every meaning of the code, a payment's result first; empty for one that is not known."""
    result, error, core = RESULT_CODES.get(code), ERROR_CODES.get(code), CORE_CODES.get(code)
    out = OUT_CODES.get(code)
    found = [_of_result("result", result)] if result else []
    found += [_of_out(out)] if out else []
    found += [_of_error(error)] if error else []
    return found or ([_of_result("core", core)] if core else [])


def nearby(code: str) -> list[str]:
    """Codes that look like this one, or begin as it does, the most alike first."""
    known: Mapping[str, object] = {**RESULT_CODES, **OUT_CODES, **ERROR_CODES, **CORE_CODES}
    alike = difflib.get_close_matches(code, known, _MOST_NEARBY, _LIKE)
    beginning = sorted(each for each in known if code and each.startswith(code.split(".", maxsplit=1)[0]))
    return list(dict.fromkeys([*alike, *beginning]))[:_MOST_NEARBY]


def _of_result(kind: str, entry: Meaning) -> Explanation:
    move = "nobody's: it is done" if entry.fault is None else _MOVES[entry.fault]
    return Explanation(
        entry.code, kind, entry.title, _HAPPENED[entry.finality], move, entry.retryable,
        entry.operator, entry.customer_en, entry.customer_sw, entry.source,
    )  # fmt: skip


def _of_out(entry: OutMeaning) -> Explanation:
    move = "nobody's: it is done" if entry.fault is None else _MOVES[entry.fault]
    named = ", ".join(api.value for api in entry.apis)
    return Explanation(
        entry.code, "money out", entry.title, _OUT_HAPPENED[entry.finality], move, entry.retryable,
        entry.operator, entry.customer_en, entry.customer_sw, f"{named}; {entry.source}",
    )  # fmt: skip


def _of_error(entry: ErrorMeaning) -> Explanation:
    happened = (
        "A push answered so sent no prompt, for certain."
        if entry.final
        else "What a push answered so did is unknown: it is never sent again. To a query it is no answer."
    )
    return Explanation(
        entry.code, "error", entry.title, happened, _MOVES[entry.fault], entry.retryable,
        entry.operator, entry.customer_en, entry.customer_sw, entry.source,
    )  # fmt: skip
