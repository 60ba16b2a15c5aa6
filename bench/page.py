"""A customer's page: from the callback that the service has received to the success that the browser shows."""

from collections.abc import Iterator

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from bench.load import percentile
from bench.report import Bar, Table
from bench.stage import Bench, Kind
from pokea.storage import tables
from tests.system.browser.places import HOUSE, Site, chromium
from tests.system.service.running import ServiceProgram, SimulatorProgram
from tests.system.service.world import on_database

SAYS = "A page in a real Chromium: the time from a received callback to the success on the screen."
_MOST_MS = 100.0
_PATIENCE_MS = 60_000
_PHONE = "254722000001"
_MICROSECONDS_A_MS = 1000

_BEGIN = """([booking, amount, token]) => {
  let shown;
  window.shownAt = new Promise((resolve) => { shown = resolve; });
  const element = document.querySelector('pokea-checkout');
  element.getToken = () => token;
  element.setAttribute('amount', amount);
  element.setAttribute('booking-id', booking);
  element.show();
  const seen = new MutationObserver(() => {
    if (!element.shadowRoot.querySelector('.paid')) return;
    seen.disconnect();
    // The frame has been handed over to be painted when a task that its callback posts is run.
    requestAnimationFrame(() => {
      const painted = new MessageChannel();
      painted.port1.onmessage = () => shown(performance.timeOrigin + performance.now());
      painted.port2.postMessage(0);
    });
  });
  seen.observe(element.shadowRoot, { childList: true, subtree: true, attributes: true });
}"""


def run(bench: Bench) -> Iterator[Table]:
    """One payment after another on one page: the real drop-in, its stream, the simulator's callback."""
    count = bench.pick(200, 5)
    rows, bars = [], []
    kinds: tuple[Kind, ...] = ("sqlite", "postgresql")
    for kind in kinds:
        bench.say(f"{count} payments in a browser, {kind}")
        waits = _waits(bench, kind, count)
        p50, p99 = (percentile(waits, share) for share in (50, 99))
        rows.append((kind, count, p50, p99, max(waits)))
        bars.append(Bar(f"From the callback to the screen, p99, {kind}", p99, _MOST_MS, "at most", "ms"))
    columns = ("Database", "Payments", "p50 ms", "p99 ms", "longest ms")
    notes = ["Received is when the service has read the callback; shown is the frame with the success, painted."]
    yield Table("From a received callback to the success on the screen", columns, rows, bars, notes)


def _waits(bench: Bench, kind: Kind, count: int) -> list[float]:
    with (
        Site({"plain": HOUSE / "examples/plain-html"}).running() as site,
        bench.database(kind) as url,
        bench.simulator() as simulator,
        bench.service(url, simulator_url=simulator.url, POKEA_ALLOWED_ORIGINS=site.url) as service,
        sync_playwright() as playwright,
    ):
        site.api = service.url
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        shown = _shown(browser, site, service, simulator, count)
        browser.close()
        received = _received(url)
    return [at - received[booking] for booking, at in shown.items()]


def _shown(
    browser: Browser, site: Site, service: ServiceProgram, simulator: SimulatorProgram, count: int
) -> dict[str, float]:
    """When the success of each booking was on the screen, in milliseconds of the machine's clock."""
    page = browser.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(f"{site.url}/plain/")
    page.locator("pokea-checkout").evaluate("element => { element.hidden = false; }")
    simulator.subscriber(_PHONE, balance=1_000_000_000)
    shown = {}
    for _ in range(count):
        booking = service.book(10)["id"]
        shown[booking] = _pay(page, booking, service.token(), simulator)
    return shown


def _pay(page: Page, booking: str, token: str, simulator: SimulatorProgram) -> float:
    page.evaluate(_BEGIN, [booking, "10", token])
    page.get_by_role("textbox", name="M-PESA").fill(_PHONE)
    with page.expect_response("**/events"):
        page.locator("dialog button[type=submit]").click()
    page.get_by_role("timer").wait_for()
    simulator.answer(_PHONE, "pay")
    at: float = page.evaluate("window.shownAt")
    return at


def _received(url: str) -> dict[str, float]:
    """When the callback of each booking's payment was received, in milliseconds of the machine's clock."""
    payments, evidence = tables.payments.c, tables.evidence.c
    statement = (
        select(payments.booking_id, evidence.received_at)
        .join_from(tables.payments, tables.evidence, payments.id == evidence.operation_id)
        .where(evidence.source == "callback")
    )
    found = on_database(url, lambda connection: connection.execute(statement).all())
    return {row.booking_id: row.received_at / _MICROSECONDS_A_MS for row in found}
