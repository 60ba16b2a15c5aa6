"""`pokea demo`, which is what `make demo` runs: ready in seconds, usable from what it prints, ended by Ctrl-C."""

import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from pokea.ledger.balances import balances
from pokea.storage import tables
from pokea.testing.programs import Launcher, PythonLauncher
from tests import prepared
from tests.conftest import Say
from tests.system.service.leaks import leaks
from tests.system.service.running import Answer, Program, SimulatorProgram, call, eventually
from tests.system.service.world import on_database

READY_SECONDS = 3.0
COUNTING_SECONDS = 0.06
CROWD = 20

StartDemo: TypeAlias = Callable[..., "Demo"]


class Demo:
    """A running demo, known only by what it has printed."""

    def __init__(self, program: Program, seconds: float) -> None:
        self.program = program
        self.seconds = seconds
        printed = program.log
        found = dict(re.findall(r"^  (Shop|Phone|Console|API) +(\S+)$", printed, re.MULTILINE))
        self.addresses: dict[str, str] = found
        self.url = found["API"].removesuffix("/docs")
        (self.token,) = re.findall(r"^  (eyJ\S+)$", printed, re.MULTILINE)
        simulator_url = found["Phone"].removesuffix("/sim")
        self.simulator = SimulatorProgram([], {}, program.log_file, simulator_url)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """A call with the printed token."""
        return call(method, f"{self.url}/api/v1{path}", body, {"Authorization": f"Bearer {self.token}"})

    def push(self, phone: str) -> tuple[str, str]:
        """A booking and a payment of this phone; their ids."""
        booking = self.call("POST", "/bookings", {"service": "Plumbing", "amount": 10}).body["booking"]
        body = {"phoneNumber": phone, "bookingId": booking["id"], "amount": 10, "type": "booking_fee"}
        answer = self.call("POST", "/payments/mpesa/stkpush", body)
        assert answer.status == 201, answer
        return booking["id"], answer.body["data"]["transactionId"]

    def ended(self, transaction_id: str) -> dict[str, Any]:
        """The payment, once it has ended."""

        def found() -> Any:
            transaction = self.call("GET", f"/payments/mpesa/status/{transaction_id}").body["transaction"]
            return transaction if transaction["status"] in ("completed", "failed") else None

        transaction: dict[str, Any] = eventually(found, f"{transaction_id} ends")
        return transaction


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[StartDemo]:
    """Starts a demo on free ports, and measures how long it takes until it answers where it has printed.

    What it, or the test, waits for a core is not counted: that is other programs' time.
    """
    programs: list[Program] = []

    def start(*arguments: str, launcher: Launcher = prepared.launch, **environment: str) -> Demo:
        options = ["demo", "--no-browser", "--port", "0", "--sim-port", "0", *arguments]
        program = Program(options, environment, tmp_path / f"demo-{len(programs)}.log", "", launcher=launcher)
        programs.append(program)
        began = time.monotonic() - waited_for_a_core("self")
        program.launch()
        eventually(lambda: "Stop with Ctrl-C" in program.log, "the demo says where it is", 60)
        demo = Demo(program, 0)
        assert call("GET", f"{demo.url}/healthz").status == 200
        assert call("GET", f"{demo.simulator.url}/sim/api/journal").status == 200
        assert program.process is not None
        demo.seconds = time.monotonic() - began - waited_for_a_core("self") - waited_for_a_core(program.process.pid)
        return demo

    yield start
    for program in programs:
        program.close()
        _, _, log = program.log.partition("Stop with Ctrl-C")
        assert leaks(log) == []


def test_it_is_ready_within_seconds(start_demo: StartDemo, say: Say) -> None:
    """From the start of the program to answered calls of service and simulator it takes three seconds at most, on a
    machine that counts as fast as most do."""
    fastest = min(timed(start_demo) for _ in range(2))
    slowness = max(1.0, counting_seconds() / COUNTING_SECONDS)
    say(f"ready after {fastest:.2f} s, on a machine {slowness:.1f} times as slow as most")
    assert fastest < READY_SECONDS * slowness


def counting_seconds() -> float:
    """The time of the processor that counting to two millions takes here, at best."""

    def counted() -> float:
        began = time.process_time()
        number = 0
        while number < 2_000_000:
            number += 1
        return time.process_time() - began

    return min(counted() for _ in range(3))


def waited_for_a_core(process: int | str) -> float:
    """How many seconds a process, by its id or `self`, was ready to run in its first thread and did not."""
    _, waited_nanoseconds, _ = Path(f"/proc/{process}/schedstat").read_text().split()
    return int(waited_nanoseconds) / 1e9


def timed(start_demo: StartDemo) -> float:
    """How long one start took."""
    demo = start_demo(launcher=PythonLauncher())
    demo.program.kill()
    return demo.seconds


def test_what_it_prints_works_at_once(start_demo: StartDemo) -> None:
    """Whoever calls a printed address in the moment in which it is printed is answered, and the token is let in."""
    demo = start_demo()
    assert set(demo.addresses) >= {"Shop", "Phone", "API"}
    assert call("GET", demo.addresses["API"]).status == 200
    assert demo.call("GET", "/payments/mpesa/history").body["total"] == 0


def test_what_it_prints_can_be_typed_in_another_terminal(start_demo: StartDemo, tmp_path: Path) -> None:
    """The line that sets TOKEN, and the line that pays, work as they stand; the token's file is its owner's alone."""
    demo = start_demo("--data", str(tmp_path / "my data"))
    setting, paying = re.findall(r"^  (export TOKEN=.*|.* pay 254708374149 500 .*)$", demo.program.log, re.MULTILINE)
    assert paying.startswith("python -m pokea pay ")
    typed = f"{setting}\n{paying.replace('python', shlex.quote(sys.executable), 1)}"
    paid = subprocess.run(["bash", "-euc", typed], capture_output=True, text=True, timeout=60, check=False)
    assert paid.returncode == 0, paid.stderr
    assert paid.stdout.startswith("Paid. Receipt ")
    assert (tmp_path / "my data" / "token").stat().st_mode & 0o777 == 0o600


def test_nothing_is_printed_while_payments_are_made(start_demo: StartDemo) -> None:
    """The token stays in sight: what goes as it should is no line."""
    demo = start_demo()
    before = demo.program.log
    _, payment = demo.push("254708374149")
    assert demo.ended(payment)["status"] == "completed"
    assert demo.program.log == before


def test_the_guides_four_scenarios_go_as_it_says(start_demo: StartDemo) -> None:
    """Both known numbers, a cancelled prompt and one that nobody answers end as in the guide."""
    demo = start_demo()
    booking, payment = demo.push("254708374149")
    assert demo.ended(payment)["status"] == "completed"
    assert demo.call("GET", f"/bookings/{booking}").body["booking"]["status"] == "matching"
    assert demo.call("GET", f"/bookings/{booking}").body["booking"]["bookingFee"]["status"] == "held"
    _, payment = demo.push("254711111111")
    assert demo.ended(payment)["failure"]["code"] == "1"
    _, payment = demo.push("0722000001")
    demo.simulator.answer("254722000001", "cancel")
    assert demo.ended(payment)["failure"]["code"] == "1032"
    _, payment = demo.push("+254722000001")
    demo.simulator.prompt("254722000001")
    demo.simulator.advance(60)
    assert demo.ended(payment)["failure"]["code"] == "1037"


def test_ctrl_c_ends_it_and_takes_its_file_along(start_demo: StartDemo, tmp_path: Path) -> None:
    """Ctrl-C is how a demo ends: exit code 0, at once, and nothing of it stays behind."""
    place = tmp_path / "temporary"
    place.mkdir()
    demo = start_demo(TMPDIR=str(place))
    assert list(place.iterdir()) != []
    demo.push("254708374149")
    assert demo.program.stop(signal.SIGINT) == 0
    assert list(place.iterdir()) == []
    assert "Traceback" not in demo.program.log


def test_ctrl_c_in_the_middle_of_payments_settles_what_it_has_heard(start_demo: StartDemo, tmp_path: Path) -> None:
    """Pushes and callbacks in flight when Ctrl-C is pressed are finished: exit code 0, and the file holds them all."""
    demo = start_demo("--data", str(tmp_path / "data"))
    phones = [f"2547230000{number:02d}" for number in range(CROWD)]
    for phone in phones:
        demo.simulator.subscriber(phone, "pay", delaySeconds=0)
    demo.simulator.fault("slow", msisdn=phones[-1], seconds=1)
    answered: list[str] = []

    def pay(phone: str) -> None:
        # The demo may be gone by the time this customer calls.
        with suppress(OSError):
            answered.append(demo.push(phone)[1])

    with ThreadPoolExecutor(CROWD) as pool:
        paying = [pool.submit(pay, phone) for phone in phones]
        eventually(lambda: len(answered) >= CROWD // 4, "some are answered")
        assert demo.program.stop(signal.SIGINT) == 0
        for future in paying:
            future.exception()
    (file,) = (tmp_path / "data").glob("*.sqlite3")
    look_through(f"sqlite:///{file}", answered)
    assert "Traceback" not in demo.program.log


def look_through(url: str, answered: list[str]) -> None:
    """The file after the end: every answered push has its id, nothing waits to be settled, and the books balance."""
    payments, evidence = tables.payments, tables.evidence
    rows = {row.id: row for row in on_database(url, lambda it: it.execute(payments.select()).all())}
    assert set(answered) <= set(rows)
    ends = {
        rows[each].id: (bool(rows[each].request_id), rows[each].status, rows[each].failure_code) for each in answered
    }
    assert set(ends.values()) <= {(True, "pending", None), (True, "completed", None)}, ends
    assert all(row.applied for row in on_database(url, lambda it: it.execute(evidence.select()).all()))
    held = {row.fee_payment_id for row in on_database(url, lambda it: it.execute(tables.bookings.select()).all())}
    assert held - {None} == {row.id for row in rows.values() if row.status == "completed"}
    assert sum(on_database(url, balances).values()) == 0


def test_the_file_of_an_earlier_demo_is_left_alone(start_demo: StartDemo, tmp_path: Path) -> None:
    """A demo begins on a fresh file even in a folder where another one has been."""
    first = start_demo("--data", str(tmp_path / "data"))
    first.push("254708374149")
    first.program.stop(signal.SIGINT)
    second = start_demo("--data", str(tmp_path / "data"))
    assert second.call("GET", "/payments/mpesa/history").body["total"] == 0
    assert len(list((tmp_path / "data").glob("*.sqlite3"))) == 2


def test_settings_of_the_machine_are_left_aside(start_demo: StartDemo, tmp_path: Path) -> None:
    """A demo takes no real money: neither the environment nor a file of settings reaches it."""
    (tmp_path / ".env").write_text("MPESA_ENVIRONMENT=production\nPOKEA_BOOKING_FEE=9\n")
    demo = start_demo(MPESA_ENVIRONMENT="production", POKEA_DATABASE_URL="nonsense", MPESA_SHORTCODE="1")
    booking = demo.call("POST", "/bookings", {"service": "Plumbing"}).body["booking"]
    assert booking["bookingFee"]["amount"] == 500
    _, payment = demo.push("254708374149")
    assert demo.ended(payment)["status"] == "completed"


def test_pages_of_a_site_that_was_named_may_call_it(start_demo: StartDemo) -> None:
    """A site given by --site is let in by the service, and no other is."""
    demo = start_demo("--site", "http://127.0.0.1:5500", "--site", "http://127.0.0.1:5173")
    url = f"{demo.url}/api/v1/bookings"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = {
        site: call("OPTIONS", url, headers=asked | {"Origin": site}).headers.get("access-control-allow-origin")
        for site in ("http://127.0.0.1:5500", "http://127.0.0.1:5173", "http://127.0.0.1:5501")
    }
    assert list(allowed.values()) == ["http://127.0.0.1:5500", "http://127.0.0.1:5173", None]


@pytest.mark.parametrize("option", ["--port", "--sim-port"])
def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path, option: str) -> None:
    """A port that is taken stops the start with exit code 1 and a line that names the way out, and leaves no folder."""
    place = tmp_path / "temporary"
    place.mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        other = {"--port": "--sim-port", "--sim-port": "--port"}[option]
        arguments = ["demo", "--no-browser", option, port, other, "0"]
        environment = {"TMPDIR": str(place)}
        program = Program(arguments, environment, tmp_path / "demo.log", "", launcher=prepared.launch).launch()
        assert program.process is not None
        assert program.process.wait(60) == 1
    (line,) = program.log.splitlines()
    assert port in line
    assert line.endswith(f"Choose another with {option}.")
    assert list(place.iterdir()) == []


def test_a_folder_that_can_be_none_is_said_in_one_line(tmp_path: Path) -> None:
    """A file in the place of the folder stops the start with exit code 1 and a line that names the option."""
    file = tmp_path / "notes.txt"
    file.write_text("Buy milk.")
    arguments = ["demo", "--no-browser", "--port", "0", "--sim-port", "0", "--data", str(file)]
    program = Program(arguments, {}, tmp_path / "demo.log", "", launcher=prepared.launch).launch()
    assert program.process is not None
    assert program.process.wait(60) == 1
    assert program.log.splitlines() == [
        f"pokea: --data {file} can be no folder: File exists. Name one that you may write."
    ]
