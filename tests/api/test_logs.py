"""Log lines that hold nothing secret."""

import logging
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.api.logs import LineFormatter, RunningRequest, running_request
from tests.api.serving import SetClock


def line_of(message: str, *arguments: object, failure: BaseException | None = None) -> str:
    """The line that a record becomes."""
    information = (type(failure), failure, failure.__traceback__) if failure else None
    record = logging.LogRecord("pokea.test", logging.INFO, "file.py", 1, message, arguments, information)
    return LineFormatter(SetClock()).format(record)


def test_a_line_has_time_level_logger_request_and_message() -> None:
    """The time is the passed clock's, in UTC to the millisecond."""
    token = running_request.set(RunningRequest("req_1"))
    line = line_of("settled %d payments", 3)
    running_request.reset(token)
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
