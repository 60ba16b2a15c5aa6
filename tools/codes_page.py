"""The reference of Daraja's codes, made from the tables that the service itself reads."""

from collections.abc import Iterable
from typing import Final

from pokea.daraja.codes.core_codes import CORE_CODES
from pokea.daraja.codes.error_codes import ERROR_CODES
from pokea.daraja.codes.out_codes import OUT_CODES
from pokea.daraja.codes.reasons import REASONS
from pokea.daraja.codes.result_codes import RESULT_CODES
from pokea.daraja.codes.types import ErrorMeaning, Finality, Meaning, MoneyApi, OutFinality, OutMeaning, ReasonText
from pokea.errors import Fault
from tools.markdown import page, table

_FINALITY: Final = {
    Finality.PAID: "paid, final",
    Finality.UNPAID: "not paid, final",
    Finality.NOT_YET: "not final: ask again",
    Finality.AMBIGUOUS: "proves nothing: ask",
}
_ABOUT_MONEY: Final = {
    OutFinality.SUCCESS: "paid out, if the rest agrees",
    OutFinality.FAILED: "failed, final",
    OutFinality.NEVER: "never final: ask",
}
_ABOUT_THE_QUESTION: Final = {
    OutFinality.SUCCESS: "answered",
    OutFinality.FAILED: "no answer",
    OutFinality.NEVER: "no answer",
}
_MONEY_APIS: Final = {
    MoneyApi.B2C: "Money to a phone.",
    MoneyApi.REVERSAL: "A customer's payment taken back.",
    MoneyApi.STATUS: "A code says how the question went. What became of the money is its `TransactionStatus`: "
    "Completed, or Cancelled, Declined, Expired or Failed, or none yet.",
    MoneyApi.BALANCE: "A code says how the question went.",
}
_OUT_HEAD: Final = ("Code", "M-PESA says", "Says", "Whose", "Another attempt", "Meaning and what to do", "From")
_RESULT_HEAD: Final = ("Code", "Daraja says", "Final", "Whose", "Try again", "Reason", "Meaning and what to do", "From")


def codes_page() -> str:
    """Every result code, every error code, and what the customer is told."""
    return page(
        [
            "# Daraja's codes",
            "`pokea explain CODE` says the same offline. Codes are compared as text; what Daraja writes beside them "
            "decides nothing, but for three exact texts of 500.001.1001. *From* names the part of the project's "
            "reference on Daraja in which the fact stands with its evidence.",
            "## Result codes of an STK payment",
            "They come in the callback and in the answer to a query. A failure known only from queries needs two "
            "answers that agree, and a proof of payment outranks every failure.",
            table(_RESULT_HEAD, map(_result_row, RESULT_CODES.values())),
            "## Result codes of money out",
            "They come in a Result, which is sent to the address of the request (law: proof of money out). *Failed* "
            "says that no money went out, for certain, and that another attempt may be approved; *never final*, and "
            "every code that is not here, says nothing about the money, and Pokea asks. A code marked *operator* is "
            "M-PESA's refusal of our API operator: two in ten minutes stop all money out.",
            *_out_tables(),
            "## Error codes",
            "They come instead of an answer. *Nothing happened* says that a push answered so sent no prompt, for "
            "certain; otherwise what it did is unknown, and it is never sent again. To a query no error code is an "
            "answer. HTTP 429 and the gateway's own faults are read the same way, and HTML or silence never is.",
            table(
                ("Code", "Daraja says", "Nothing happened", "Whose", "Try again", "Meaning and what to do", "From"),
                map(_error_row, ERROR_CODES.values()),
            ),
            "## Other result codes of M-PESA's core",
            "No STK payment is known to have brought one; if one comes, it proves nothing.",
            table(("Code", "Meaning and what to do"), _core_rows(CORE_CODES.values())),
            "## What the customer is told",
            "By reason, whether it comes from Daraja or from us.",
            table(("Reason", "Try again", "English", "Kiswahili"), map(_reason_row, REASONS.values())),
        ]
    )


def _out_tables() -> Iterable[str]:
    for api, sentence in _MONEY_APIS.items():
        entries = [entry for entry in OUT_CODES.values() if api in entry.apis]
        yield f"### {api.value[0].upper()}{api.value[1:]}"
        yield sentence
        yield table(_OUT_HEAD, (_out_row(entry, api) for entry in entries))


def _out_row(entry: OutMeaning, api: MoneyApi) -> tuple[str, ...]:
    says = (
        _ABOUT_MONEY[entry.finality]
        if api in (MoneyApi.B2C, MoneyApi.REVERSAL)
        else _ABOUT_THE_QUESTION[entry.finality]
    )
    whose = f"{_whose(entry.fault)}, operator" if entry.is_initiator else _whose(entry.fault)
    return f"`{entry.code}`", entry.title, says, whose, _yes(entry.retryable), entry.operator, entry.source


def _result_row(entry: Meaning) -> tuple[str, ...]:
    return (
        f"`{entry.code}`",
        entry.title,
        _FINALITY[entry.finality],
        _whose(entry.fault),
        _yes(entry.retryable),
        f"`{entry.reason}`",
        entry.operator,
        entry.source,
    )


def _error_row(entry: ErrorMeaning) -> tuple[str, ...]:
    final, again = _yes(entry.final), _yes(entry.retryable)
    return f"`{entry.code}`", entry.title, final, _whose(entry.fault), again, entry.operator, entry.source


def _core_rows(entries: Iterable[Meaning]) -> Iterable[tuple[str, ...]]:
    return ((f"`{entry.code}`", entry.operator) for entry in entries)


def _reason_row(text: ReasonText) -> tuple[str, ...]:
    return f"`{text.reason}`", _yes(text.retryable), text.customer_en, text.customer_sw


def _whose(fault: Fault | None) -> str:
    return "nobody's" if fault is None else fault.value


def _yes(value: bool) -> str:
    return "yes" if value else "no"
