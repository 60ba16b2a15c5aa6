"""What counters mean: rates, times and revenue of a day, an hour, or any number of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pokea.analytics.counting import BY, GROSS, NET, REASON, STATUSES, WAIT, WAITED
from pokea.analytics.latency_histogram import percentile_seconds
from pokea.clock import SECOND
from pokea.money import shillings_json

CALLBACK: Final = "callback"
_DECIMALS: Final = 4


def merge(parts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """The counters of several periods as those of one."""
    found: Counter[str] = Counter()
    for part in parts:
        found.update(part)
    return found


def summarize(counters: Mapping[str, int]) -> dict[str, Any]:
    """The figures that these counters make, as the API gives them; a rate or a time of nothing is None.

    - `successRate`: completed of all that have ended.
    - `callbackSuccessRate`: of the completed, those whose proved callback came. The others were found out by asking, or
      in a statement. Of failures no such thing is known, since Daraja need not tell them at all.
    - `revenue.gross`: what completed payments brought. `revenue.net`: what of it became a fee; the rest is due back, or
      set aside for a person (law: money). M-PESA's own charges are not known by payment, and not in it.
    """
    completed, failed = counters.get("completed", 0), counters.get("failed", 0)
    waits = {int(bucket): count for bucket, count in _under(WAIT, counters).items()}
    completed_by = _under(BY, counters)
    return {
        "transactions": sum(counters.get(status, 0) for status in STATUSES),
        "byStatus": {status: counters.get(status, 0) for status in STATUSES},
        "successRate": _share(completed, completed + failed),
        "timeToPay": {
            "meanSeconds": round(counters.get(WAITED, 0) / SECOND / completed, 1) if completed else None,
            "p50Seconds": _rounded(percentile_seconds(waits, 50)),
            "p95Seconds": _rounded(percentile_seconds(waits, 95)),
        },
        "revenue": {"gross": shillings_json(counters.get(GROSS, 0)), "net": shillings_json(counters.get(NET, 0))},
        "failureReasons": _under(REASON, counters),
        "completedBy": completed_by,
        "callbackSuccessRate": _share(completed_by.get(CALLBACK, 0), completed),
    }


def _under(prefix: str, counters: Mapping[str, int]) -> dict[str, int]:
    """The counters of a kind by what they count, most first."""
    found = {name.removeprefix(prefix): count for name, count in counters.items() if name.startswith(prefix) and count}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, _DECIMALS) if whole else None


def _rounded(seconds: float | None) -> float | None:
    return round(seconds, 1) if seconds is not None else None
