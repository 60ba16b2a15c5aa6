"""What counters mean: rates, times and revenue of a day, an hour, or any number of them."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from pokea.analytics.counting import BY, GROSS, NET, REASON, STATUSES, WAIT, WAITED
from pokea.analytics.latency_histogram import percentiles_seconds
from pokea.clock import SECOND
from pokea.money import shillings_json

CALLBACK: Final = "callback"
_DECIMALS: Final = 4


def merge(parts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """The counters of several periods as those of one."""
    found: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            found[name] = found.get(name, 0) + count
    return found


def summarize(counters: Mapping[str, int]) -> dict[str, Any]:
    """The figures that these counters make, as the API gives them; a rate or a time of nothing is None.

    - `successRate`: completed of all that have ended.
    - `callbackSuccessRate`: of the completed, those whose proved callback came. The others were found out by asking, or
      in a statement. Of failures no such thing is known, since Daraja need not tell them at all.
    - `revenue.gross`: what completed payments brought. `revenue.net`: what of it became a fee; the rest is due back, or
      set aside for a person (law: money). M-PESA's own charges are not known by payment, and not in it.
    """
    plain: dict[str, int] = {}
    waits: dict[int, int] = {}
    reasons: dict[str, int] = {}
    by: dict[str, int] = {}
    of_kind: tuple[dict[Any, int], ...] = (plain, waits, reasons, by)
    for name, count in counters.items():
        kind, key = _told(name)
        of_kind[kind][key] = count
    by_status = {status: plain.get(status, 0) for status in STATUSES}
    completed, failed = by_status["completed"], by_status["failed"]
    p50, p95 = percentiles_seconds(waits, (50, 95))
    completed_by = _most_first(by)
    return {
        "transactions": sum(by_status.values()),
        "byStatus": by_status,
        "successRate": _share(completed, completed + failed),
        "timeToPay": {
            "meanSeconds": round(plain.get(WAITED, 0) / SECOND / completed, 1) if completed else None,
            "p50Seconds": _rounded(p50),
            "p95Seconds": _rounded(p95),
        },
        "revenue": {"gross": shillings_json(plain.get(GROSS, 0)), "net": shillings_json(plain.get(NET, 0))},
        "failureReasons": _most_first(reasons),
        "completedBy": completed_by,
        "callbackSuccessRate": _share(completed_by.get(CALLBACK, 0), completed),
    }


@cache
def _told(name: str) -> tuple[int, str | int]:
    """What kind of counter this is, as its place in `of_kind`, and what it counts of that kind. There are a few hundred
    names, and each period has most of them."""
    if name.startswith(WAIT):
        return 1, int(name.removeprefix(WAIT))
    if name.startswith(REASON):
        return 2, name.removeprefix(REASON)
    if name.startswith(BY):
        return 3, name.removeprefix(BY)
    return 0, name


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """What was counted at all, most first."""
    if len(counts) > 1:
        counts = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return {name: count for name, count in counts.items() if count}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, _DECIMALS) if whole else None


def _rounded(seconds: float | None) -> float | None:
    return round(seconds, 1) if seconds is not None else None
