"""Log lines that hold nothing secret, and counters that Prometheus reads."""

import logging
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.api.logs import LineFormatter, request_id_of_context
from pokea.api.metrics import Metrics
from tests.api.serving import SetClock


def line_of(message: str, *arguments: object, failure: BaseException | None = None) -> str:
    """The line that a record becomes."""
    information = (type(failure), failure, failure.__traceback__) if failure else None
    record = logging.LogRecord("pokea.test", logging.INFO, "file.py", 1, message, arguments, information)
    return LineFormatter(SetClock()).format(record)


def test_a_line_has_time_level_logger_request_and_message() -> None:
    """The time is the passed clock's, in UTC to the millisecond."""
    token = request_id_of_context.set("req_1")
    line = line_of("settled %d payments", 3)
    request_id_of_context.reset(token)
    assert line == "2025-01-27T17:46:40.000Z INFO pokea.test [req_1] settled 3 payments"


def test_outside_a_request_a_dash_stands_for_its_id() -> None:
    """Background work logs lines of the same form."""
    assert line_of("asked") == "2025-01-27T17:46:40.000Z INFO pokea.test [-] asked"


def test_a_traceback_is_part_of_the_line_and_masked() -> None:
    """A failure does not spread over lines, and what it carries is masked too."""
    try:
        raise ValueError("254712345678 with Bearer abcdefgh12345678")
    except ValueError as failure:
        line = line_of("failed", failure=failure)
    assert "\n" not in line
    assert "\\nTraceback" in line
    assert "254712345678" not in line
    assert "abcdefgh12345678" not in line
    assert line.endswith("ValueError: 25471*****78 with Bearer ****")


@pytest.mark.parametrize(
    "secret",
    ["0712345678", "+254712345678", "0123456789abcdef" * 3, "pcs_Zm9vYmFy", "ws_CO_27012025174640123712345678"],
)
def test_what_is_secret_is_masked_wherever_it_stands(secret: str) -> None:
    """Phones, callback tokens, client secrets and ids that end in a phone never reach the log."""
    assert secret not in line_of("received %s", f"<{secret}>")


@given(st.text())
def test_any_message_is_one_printable_line(message: str) -> None:
    """Nothing that is logged can begin a new line or move a terminal's cursor."""
    assert line_of("%s", message).isprintable()


def test_the_servers_own_lines_are_ours_and_its_access_log_is_silent(log_lines: StringIO) -> None:
    """uvicorn's warnings take our form; its news, and its access log, which knows no masks, are not printed."""
    logging.getLogger("uvicorn.error").warning("refused 0712345678")
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.access").info("GET /secret")
    assert log_lines.getvalue() == "2025-01-27T17:46:40.000Z WARNING uvicorn.error [-] refused 25471*****78\n"


def test_a_counter_is_the_same_whoever_asks() -> None:
    """Two parts that count the same thing add to one series."""
    metrics = Metrics()
    metrics.counter("seen_total", "Seen.", "kind").add("callback")
    metrics.counter("seen_total", "Seen.", "kind").add("callback")
    assert metrics.counter("seen_total", "Seen.", "kind").value("callback") == 2


def test_two_registries_share_nothing() -> None:
    """There is no global state."""
    Metrics().counter("seen_total", "Seen.").add()
    assert Metrics().text() == ""


def test_a_gauge_shows_the_last_value() -> None:
    """A gauge is set, and may fall."""
    metrics = Metrics()
    gauge = metrics.gauge("open_payments", "Open payments.", "status")
    gauge.set("pending", value=7)
    gauge.set("pending", value=2.5)
    assert 'open_payments{status="pending"} 2.5\n' in metrics.text()


def test_a_wrong_number_of_labels_is_a_mistake() -> None:
    """A series without its labels could not be read."""
    metrics = Metrics()
    with pytest.raises(ValueError, match="kind"):
        metrics.counter("seen_total", "Seen.", "kind").add()
    with pytest.raises(ValueError, match="none"):
        metrics.gauge("open", "Open.").set("x", value=1)


def test_metrics_are_in_one_order_and_labels_are_escaped() -> None:
    """The text does not depend on who counted first, and no label can break a line."""
    metrics = Metrics()
    metrics.counter("b_total", "B.", "kind").add('a "quoted"\nback\\slash')
    metrics.counter("a_total", "A.").add()
    assert metrics.text() == (
        "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n"
        "# HELP b_total B.\n# TYPE b_total counter\n"
        'b_total{kind="a \\"quoted\\"\\nback\\\\slash"} 1\n'
    )


@given(st.text(max_size=30))
def test_any_label_stays_on_its_line(label: str) -> None:
    """A label's quotes and newlines end neither the value nor the line."""
    metrics = Metrics()
    metrics.counter("seen_total", "Seen.", "kind").add(label)
    lines = metrics.text().split("\n")
    assert len(lines) == 4
    assert lines[2].startswith('seen_total{kind="')
    assert lines[2].endswith('"} 1')
