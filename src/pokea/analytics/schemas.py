"""The shape of the analytics' answer, for the API's own description."""

from typing import Any, Final

from pokea.analytics.counting import STATUSES

_COUNT: Final = {"type": "integer", "minimum": 0}
_SHARE: Final = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_SECONDS: Final = {"type": ["number", "null"], "minimum": 0}
_SHILLINGS: Final = {"type": "number", "minimum": 0}
_MOMENT: Final = {"type": "string", "format": "date-time", "description": "On the clocks of East Africa."}


def _whole(description: str, **properties: Any) -> dict[str, Any]:
    """An object of which every property is always there."""
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _counts(description: str) -> dict[str, Any]:
    return {"type": "object", "description": description, "additionalProperties": _COUNT}


FIGURES: Final[dict[str, Any]] = {
    "transactions": {**_COUNT, "description": "Payments made."},
    "byStatus": _whole("How many of them have each status now.", **dict.fromkeys(STATUSES, _COUNT)),
    "successRate": {**_SHARE, "description": "Completed of all that have ended."},
    "timeToPay": _whole(
        "From the making of a payment to its completion; percentiles are at most 4.5 % off.",
        meanSeconds=_SECONDS,
        p50Seconds=_SECONDS,
        p95Seconds=_SECONDS,
    ),
    "revenue": _whole(
        "In shillings. `net` is what became fees: `gross` without what is due back or set aside. "
        "M-PESA's charges are not deducted.",
        gross=_SHILLINGS,
        net=_SHILLINGS,
    ),
    "failureReasons": _counts("Why payments failed, most first."),
    "completedBy": _counts("What completed payments: `callback`, `query` (Daraja was asked) or `statement`."),
    "callbackSuccessRate": {**_SHARE, "description": "Of the completed, those whose proved callback came."},
}
"""The figures of a period."""

ANALYTICS: Final[dict[str, Any]] = _whole(
    "How payments go.",
    success={"type": "boolean", "const": True},
    by={"type": "string", "enum": ["day", "hour"]},
    **{"from": _MOMENT, "to": {**_MOMENT, "description": "The end of the last period."}},
    summary=_whole("All periods together.", **FIGURES),
    periods={
        "type": "array",
        "description": "One for each day or hour, oldest first, also those without payments.",
        "items": _whole("A day or an hour.", **{"from": _MOMENT, "to": _MOMENT}, **FIGURES),
    },
    ageSeconds={
        **_COUNT,
        "description": "So many seconds old these figures are at the most; 0 where they are as things stand now.",
    },
)
"""The answer as a whole."""

_FIGURES: Final[dict[str, Any]] = {
    "transactions": 4,
    "byStatus": {"initiated": 0, "pending": 0, "completed": 3, "failed": 1},
    "successRate": 0.75,
    "timeToPay": {"meanSeconds": 11.3, "p50Seconds": 10.9, "p95Seconds": 16.2},
    "revenue": {"gross": 1500, "net": 1500},
    "failureReasons": {"cancelled": 1},
    "completedBy": {"callback": 3},
    "callbackSuccessRate": 1.0,
}
EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "by": "day",
    "from": "2026-11-27T00:00:00+03:00",
    "to": "2026-11-28T00:00:00+03:00",
    "summary": _FIGURES,
    "periods": [{"from": "2026-11-27T00:00:00+03:00", "to": "2026-11-28T00:00:00+03:00", **_FIGURES}],
    "ageSeconds": 0,
}
