"""When a database that fails is an alert."""

from pokea.alerts.alert import PAUSES, AlertCode
from pokea.alerts.outage import PATIENCE, Outage
from pokea.clock import SECOND, Instant

NOW: Instant = 1_800_000_000 * SECOND


def failures(outage: Outage, start: Instant, seconds: int) -> list[int]:
    """The seconds at which a failure in each second is an alert."""
    return [
        second for second in range(seconds + 1) if outage.failed("disk is full", start + second * SECOND) is not None
    ]


def test_ten_seconds_of_failures_are_one_alert() -> None:
    """It says which way, for how long and why; and is told again only after a quarter of an hour."""
    outage = Outage("write")
    assert outage.failed("disk is full", NOW) is None
    alert = outage.failed("disk is full", NOW + PATIENCE)
    assert alert is not None
    assert (alert.code, alert.subject) == (AlertCode.DATABASE_AWAY, "write")
    assert alert.text.startswith("No write of the database has worked for 10 s (disk is full).")
    pause = PAUSES[AlertCode.DATABASE_AWAY] // SECOND
    assert failures(outage, NOW + PATIENCE, pause) == [pause]


def test_one_that_works_in_between_ends_it() -> None:
    """Only failures without any success count; after one the time begins anew, and so does the telling."""
    outage = Outage("read")
    for minute in range(10):
        assert failures(outage, NOW + minute * 60 * SECOND, 9) == []
        outage.succeeded()
    assert failures(outage, NOW, 20) == [10]
    outage.succeeded()
    assert failures(outage, NOW + 60 * SECOND, 20) == [10]


def test_two_failures_an_hour_apart_are_no_outage() -> None:
    """Nothing was tried in between, so nothing is known of the time in between."""
    outage = Outage("write")
    assert outage.failed("gone", NOW) is None
    assert outage.failed("gone", NOW + 3_600 * SECOND) is None
