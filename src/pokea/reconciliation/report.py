"""What is said of a statement: as one JSON document, as sentences, and as an exit code. Pure.

Receipts, amounts, times, row numbers and what was typed as the account are shown; names and numbers are not.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Final

from pokea.clock import iso
from pokea.reconciliation.balances import shillings
from pokea.reconciliation.compare import Compared
from pokea.reconciliation.completeness import Gap, GapKind
from pokea.reconciliation.lines import StatementLine
from pokea.reconciliation.report_out import out_needs_a_look, out_report_of, out_sentences
from pokea.reconciliation.statement import Statement

LISTED: Final = 20
"""So many entries of a kind are listed in sentences; the JSON has all."""
_LONGEST_ACCOUNT: Final = 40
_ALARMING: Final = frozenset(
    {GapKind.ROWS_UNREADABLE, GapKind.ROWS_REPEATED, GapKind.TOTALS_DIFFER, GapKind.BALANCES_BREAK}
)
"""Gaps that say that the file was damaged or edited; the others only bound what it can prove."""


_DIFFERING: Final = {
    True: "Receipts of ours with another amount, posted to suspense:",
    False: "Receipts of ours with another amount; nothing is posted, since the statement's own sums contradict it:",
}


class ReconciliationExit(IntEnum):
    """The exit code of reading a statement."""

    AGREED = 0
    TO_BE_LOOKED_AT = 1
    SETTLES_NOTHING = 2


def outcome(compared: Compared) -> ReconciliationExit:
    """Whether a person must look at something, or the file settles nothing."""
    found = compared.payments
    if found.gates:
        return ReconciliationExit.SETTLES_NOTHING
    noticed = (found.unknown, found.missing, found.differing, found.undoings, found.unreadable, found.undecided)
    is_damaged = any(gap.kind in _ALARMING for gap in found.gaps)
    is_noticed = is_damaged or any(noticed) or out_needs_a_look(compared.out)
    return ReconciliationExit.TO_BE_LOOKED_AT if is_noticed else ReconciliationExit.AGREED


def report_of(statement: Statement, compared: Compared) -> dict[str, Any]:
    """Everything that was found, as JSON has it."""
    found = compared.payments
    return {
        "lines": len(statement.lines),
        "since": iso(found.coverage.since if found.coverage else None),
        "until": iso(found.coverage.until if found.coverage else None),
        "complete": not found.gaps and not found.gates,
        "matched": len(found.matched),
        "adds_up": found.adds_up,
        "differing": [
            _line(each.line) | {"payment": each.payment_id, "asked_cents": each.asked_cents} for each in found.differing
        ],
        "reversals": [
            _line(each.line) | {"original": each.original, "payment": each.payment_id} for each in found.undoings
        ],
        "unknown": [
            _line(each.line) | {"why": each.why.value, "payments": list(each.payment_ids)} for each in found.unknown
        ],
        "unreadable": [{"line": each.number, "why": each.why} for each in found.unreadable],
        "missing": list(found.missing),
        "not_paid": list(found.not_paid),
        "undecided": [{"payment": each.payment_id, "lines": list(each.lines)} for each in found.undecided],
        "unresolved": list(found.unresolved),
        "money_out": out_report_of(compared.out),
        "gates": [_gap(gap) for gap in found.gates],
        "gaps": [_gap(gap) for gap in found.gaps],
        "findings": [gap.sentence for gap in (found.gates or found.gaps)],
    }


def _line(line: StatementLine) -> dict[str, Any]:
    return {
        "line": line.number,
        "receipt": line.receipt,
        "at": iso(line.at),
        "cents": line.moved_cents,
        "account": line.account[:_LONGEST_ACCOUNT],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"kind": gap.kind.value, "lines": list(gap.lines), "sentence": gap.sentence}


def sentences(report: dict[str, Any]) -> list[str]:
    """The report for a person."""
    if report["gates"]:
        return ["Nothing was settled.", *report["findings"]]
    covered = f"covers {report['since']} to {report['until']}" if report["since"] else "covers no time that is known"
    completed = f", of which {report['completed']} are completed" if "completed" in report else ""
    told = [
        f"{report['lines']} lines; the statement {covered}; {report['matched']} are payments of ours{completed}.",
        *_listed("Rows that cannot be read:", report["unreadable"], lambda each: f"row {each['line']}: {each['why']}"),
        *_listed(_DIFFERING[report["adds_up"]], report["differing"], _differing),
        *_listed("Money taken back:", report["reversals"], _reversal),
        *_listed("Money that no payment accounts for:", report["unknown"], _unknown),
        *_listed("Completed payments that the statement covers and does not show:", report["missing"], str),
        *_listed("Prompts without an answer that the statement does not show, so not paid:", report["not_paid"], str),
        *_listed("Not shown, and not concluded, since unexplained money could be theirs:", report["undecided"], _doubt),
    ]
    told += out_sentences(report["money_out"], LISTED)
    if report.get("posted"):
        told.append(f"{report['posted']} postings were made of charges, sweeps and differences that it shows.")
    if report["gaps"]:
        told.append("The statement is not complete, so nothing is concluded from what it does not show:")
        told += [f"  {sentence}" for sentence in report["findings"]]
    told += _listed("Prompts without an answer that remain unresolved:", report["unresolved"], str)
    return told


def _money(each: dict[str, Any]) -> str:
    account = f" for {each['account']}" if each["account"] else ""
    return f"row {each['line']}: {each['receipt']} KES {shillings(each['cents'])} at {each['at']}{account}"


def _differing(each: dict[str, Any]) -> str:
    return f"{_money(each)}: {each['payment']} asked for KES {shillings(each['asked_cents'])}"


def _reversal(each: dict[str, Any]) -> str:
    if each["payment"]:
        return f"{_money(each)}: of {each['payment']}, whose receipt is {each['original']}"
    return f"{_money(each)}: of {each['original'] or 'a receipt that it does not name'}, which is no payment of ours"


def _unknown(each: dict[str, Any]) -> str:
    of = f" ({', '.join(each['payments'][:LISTED])})" if each["payments"] else ""
    return f"{_money(each)}: {each['why']}{of}"


def _doubt(each: dict[str, Any]) -> str:
    return f"{each['payment']}: row {', '.join(map(str, each['lines'][:LISTED]))}"


def _listed(title: str, entries: Sequence[Any], told: Callable[[Any], str]) -> list[str]:
    if not entries:
        return []
    more = [f"  and {len(entries) - LISTED} more (--json has all)"] if len(entries) > LISTED else []
    return [title, *(f"  {told(entry)}" for entry in entries[:LISTED]), *more]
