"""What counters mean as figures."""

from pokea.analytics.counting import deltas
from pokea.analytics.summary import merge, summarize
from pokea.clock import SECOND
from tests.analytics.changes import MIDNIGHT, new_row


def counted() -> dict[str, int]:
    """The counters of ten payments: seven paid after 1 to 7 s, one of them into suspense, two failed, one open."""
    changes = []
    for number in range(1, 11):
        row = new_row(number, "amina", MIDNIGHT)
        if number <= 7:
            row = row._replace(
                status="completed",
                completed_at=MIDNIGHT + number * SECOND,
                completed_by="callback" if number > 1 else "query",
                disposition="suspense" if number == 1 else "held",
            )
        elif number <= 9:
            row = row._replace(status="failed", failure_reason="cancelled" if number == 8 else None)
        changes.append((None, row))
    return {counter.name: counter.amount for counter in deltas(changes).counters}


def test_figures_are_those_of_the_payments() -> None:
    """Rates are of what ended, times of what completed, and net is what became a fee."""
    found = summarize(counted())
    assert found["transactions"] == 10
    assert found["byStatus"] == {"initiated": 1, "pending": 0, "completed": 7, "failed": 2}
    assert found["successRate"] == 0.7778
    assert found["revenue"] == {"gross": 3500, "net": 3000}
    assert found["failureReasons"] == {"cancelled": 1, "unknown": 1}
    assert found["completedBy"] == {"callback": 6, "query": 1}
    assert found["callbackSuccessRate"] == 0.8571
    assert found["timeToPay"]["meanSeconds"] == 4.0
    assert abs(found["timeToPay"]["p50Seconds"] - 4) < 0.3
    assert abs(found["timeToPay"]["p95Seconds"] - 7) < 0.4


def test_of_nothing_there_are_no_rates() -> None:
    """A period without payments has counts of nought, and neither rates nor times."""
    found = summarize({})
    assert found["transactions"] == 0
    assert found["successRate"] is found["callbackSuccessRate"] is None
    assert set(found["timeToPay"].values()) == {None}


def test_periods_together_have_the_figures_of_all() -> None:
    """Counters of periods are summed before they are read: percentiles of all, not means of percentiles."""
    assert summarize(merge([counted(), counted()]))["timeToPay"] == summarize(counted())["timeToPay"]
    assert summarize(merge([counted(), counted()]))["transactions"] == 20
