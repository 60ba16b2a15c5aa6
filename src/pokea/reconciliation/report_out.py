"""What is said of money out in a statement: each line by its number, the sending, and what to do. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from pokea.clock import iso
from pokea.reconciliation.balances import shillings
from pokea.reconciliation.lines import StatementLine
from pokea.reconciliation.match_out import OutCandidate, OutReconciliation, WhyOut

_TO_DO: Final = {
    WhyOut.AMOUNT: "compare both in the portal; money out is stopped until an admin starts it",
    WhyOut.RECIPIENT: "look in the portal who was paid, before anything else is sent to that number",
    WhyOut.EARLY: "compare the clocks; nothing is settled by it",
    WhyOut.SEVERAL_LINES: "look in the portal which one it is; two people record the finding",
    WhyOut.SEVERAL_ATTEMPTS: "look in the portal which one it is; two people record the finding",
    WhyOut.RECEIPT_UNKNOWN: "if the portal agrees, two people record the finding that it was paid, with this receipt",
    WhyOut.WORDING: "look in the portal what it was",
    WhyOut.NOT_OURS: "find out who paid it out: Pokea did not",
    WhyOut.NOT_COMPLETED: "look in the portal whether it was undone",
    WhyOut.RETURN_DIFFERS: "look in the portal; nothing is posted by it",
}


def out_report_of(found: OutReconciliation) -> dict[str, Any]:
    """Everything that was found, as JSON has it."""
    return {
        "matched": [_line(each.line) | _names(each.attempt) for each in found.matched],
        "returned": [_line(each.line) | _names(each.attempt) for each in found.returned],
        "differing": [
            _line(each.line) | _names(each.attempt) | {"sent_cents": each.attempt.amount_cents, "do": _AMOUNT}
            for each in found.differing
        ],
        "noticed": [
            _line(each.line)
            | {"why": each.why.value, "sendings": [_names(one) for one in each.attempts], "do": _TO_DO[each.why]}
            for each in found.noticed
        ],
        "missing": [_names(each) for each in found.missing],
        "not_paid": [_names(each) for each in found.not_paid],
        "undecided": [_names(each.attempt) | {"lines": list(each.lines)} for each in found.undecided],
        "unresolved": [_names(each) for each in found.unresolved],
    }


_AMOUNT: Final = _TO_DO[WhyOut.AMOUNT]


def out_needs_a_look(found: OutReconciliation) -> bool:
    """Whether a person must look at something."""
    lines = (found.differing, found.noticed, found.returned)
    return any((*lines, found.missing, found.not_paid, found.undecided))


def _line(line: StatementLine) -> dict[str, Any]:
    return {"line": line.number, "receipt": line.receipt, "at": iso(line.at), "cents": line.moved_cents}


def _names(attempt: OutCandidate) -> dict[str, str]:
    return {"disbursement": attempt.disbursement_id, "attempt": attempt.attempt_id}


def out_sentences(report: dict[str, Any], most: int) -> list[str]:
    """The report for a person: at most so many entries of a kind."""
    told: list[str] = []
    if report["matched"]:
        told.append(f"{len(report['matched'])} lines are money that Pokea sent.")
    told += _listed("Money out that came back, so that it is owed again:", report["returned"], most)
    told += _listed("Money out with another amount than was sent:", report["differing"], most)
    told += _listed("Money that went out, and that a person must look at:", report["noticed"], most)
    told += _listed("Sendings that have paid, which the statement covers and does not show:", report["missing"], most)
    told += _listed(
        "Sendings that the statement does not show, so not paid; two people may record that with this file:",
        report["not_paid"],
        most,
    )
    told += _listed("Sendings not shown, and not concluded, since a row could be one:", report["undecided"], most)
    told += _listed("Sendings whose outcome remains unknown:", report["unresolved"], most)
    return told


def _listed(title: str, entries: Sequence[dict[str, Any]], most: int) -> list[str]:
    if not entries:
        return []
    more = [f"  and {len(entries) - most} more (--json has all)"] if len(entries) > most else []
    return [title, *(f"  {_entry(entry)}" for entry in entries[:most]), *more]


def _entry(each: dict[str, Any]) -> str:
    parts = []
    if "line" in each:
        parts.append(f"row {each['line']}: {each['receipt']} KES {shillings(each['cents'])} at {each['at']}")
    if "disbursement" in each:
        parts.append(f"{each['disbursement']} ({each['attempt']})")
    if "lines" in each:
        parts.append(f"row {', '.join(map(str, each['lines']))}")
    if "sent_cents" in each:
        parts.append(f"KES {shillings(each['sent_cents'])} was sent")
    if "why" in each:
        names = ", ".join(one["disbursement"] for one in each["sendings"])
        parts.append(f"{each['why']}{f' ({names})' if names else ''}")
    if "do" in each:
        parts.append(each["do"])
    return ": ".join(parts)
