"""Payment links against a running service: what a payer without a token can do, and what nobody can."""

import html
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import pytest

from tests.system.service.conftest import StartWorld
from tests.system.service.running import JWT_SECRET, Answer, call, command, eventually
from tests.system.service.world import World

PUSH: Final = "/api/v1/payments/mpesa/stkpush"
GUESSES: Final = 1_000


class Begun(NamedTuple):
    """What the page of a begun payment holds."""

    path: str
    bearer: str
    booking_id: str
    amount: int
    receipt: str


@pytest.fixture
def linked(start_world: StartWorld) -> World:
    """A service whose links are not limited, because all tests come from one address."""
    return start_world(POKEA_LINK_LIMIT="0", POKEA_LINK_LIMIT_ADDRESS="0", POKEA_BUSINESS_NAME="FUNDI LTD")


def new_link(world: World, **fields: Any) -> str:
    """The path of a new link."""
    answer = world.service.call("POST", "/links", {"title": "Deposit", "amount": 500} | fields, scope="admin")
    assert answer.status == 201, answer
    return f"/pay/{answer.body['id']}"


def change(world: World, path: str, **fields: Any) -> None:
    """Change a link."""
    answer = world.service.call("PATCH", path.replace("/pay/", "/links/"), fields, scope="admin")
    assert answer.status == 200, answer


def get(world: World, path: str, **headers: str) -> Answer:
    """Open a page."""
    return call("GET", world.service.url + path, headers={"Accept": "text/html"} | headers)


def press(world: World, path: str, **typed: str) -> Answer:
    """Send a link's form, and open where it leads."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return call("POST", world.service.url + path, urlencode(typed).encode(), form)


def begin(world: World, path: str, **typed: str) -> Begun:
    """Begin a payment, as the page's button does."""
    return read(path, press(world, path, **typed))


def read(path: str, answer: Answer) -> Begun:
    """What the page with the checkout on it holds."""
    assert answer.status == 200, answer
    attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', answer.body.partition("<pokea-checkout")[2].partition(">")[0]))
    (receipt,) = re.findall(r'href="[./]*(/receipt/[0-9a-f]{48})', answer.body)
    return Begun(path, attributes["token"], attributes["booking-id"], int(attributes["amount"]), receipt)


def with_pass(world: World, begun: Begun, method: str, path: str, body: Any = None) -> Answer:
    """Call the API as the payer's page does."""
    return call(method, f"{world.service.url}/api/v1{path}", body, {"Authorization": f"Bearer {begun.bearer}"})


def push(world: World, begun: Begun, phone: str) -> Answer:
    """Prompt the phone, as the payer's page does."""
    wish = {"phoneNumber": phone, "bookingId": begun.booking_id, "amount": begun.amount, "type": "booking_fee"}
    return with_pass(world, begun, "POST", "/payments/mpesa/stkpush", wish)


def text(answer: Answer) -> str:
    """A page's text."""
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.body.replace("<wbr>", "")))


def paid(world: World, begun: Begun) -> Answer:
    """The receipt, once it is paid by a phone that pays."""
    assert push(world, begun, world.new_phone("pay")).status == 201
    found: Answer = eventually(lambda: _receipt(world, begun), "the receipt says that it is paid")
    return found


def _receipt(world: World, begun: Begun) -> Answer | None:
    answer = get(world, begun.receipt)
    return answer if "Paid" in text(answer) else None


def test_a_payer_without_a_token_pays_and_gets_a_receipt(linked: World) -> None:
    """The page says whom, what and how much; each payment has a booking and a receipt of its own."""
    path = new_link(linked, reference="HALL")
    shown = get(linked, path)
    assert shown.status == 200
    for part in ("FUNDI LTD", "Deposit", "KES 500"):
        assert part in text(shown)
    assert "<script" not in shown.body
    assert '<meta property="og:title" content="Pay FUNDI LTD">' in shown.body
    assert "unsafe" not in shown.headers["content-security-policy"]
    first, second = begin(linked, path), begin(linked, path)
    assert "Not paid yet" in text(get(linked, first.receipt))
    receipt = paid(linked, first)
    reference = linked.service.booking(first.booking_id)["reference"]
    assert re.fullmatch(r"HALL-[0-9A-Z]{7}", reference)
    for part in ("FUNDI LTD", "Deposit", "KES 500", reference):
        assert part in text(receipt)
    assert first.booking_id != second.booking_id
    assert "Not paid yet" in text(get(linked, second.receipt))


def test_a_pass_reaches_its_own_booking_alone(linked: World) -> None:
    """It reads and pays one booking; other bookings, payments and calls are as closed as to any stranger."""
    path = new_link(linked)
    mine, other = begin(linked, path), begin(linked, path)
    theirs = push(linked, other, linked.new_phone("pay")).body["data"]["transactionId"]
    assert with_pass(linked, mine, "GET", f"/bookings/{mine.booking_id}/checkout").status == 200
    stranger = mine._replace(booking_id=other.booking_id)
    assert push(linked, stranger, linked.new_phone()).status == 404
    closed = [
        ("GET", f"/bookings/{other.booking_id}", None, 404),
        ("GET", f"/bookings/{other.booking_id}/checkout", None, 404),
        ("GET", f"/payments/mpesa/status/{theirs}", None, 404),
        ("GET", "/payments/mpesa/history", None, 403),
        ("POST", "/bookings", {"service": "x"}, 403),
        ("POST", "/links", {"title": "x"}, 403),
        ("GET", "/links", None, 403),
        ("GET", path.replace("/pay/", "/links/"), None, 403),
        ("DELETE", path.replace("/pay/", "/links/"), None, 403),
        ("GET", "/alerts", None, 403),
        ("GET", "/books", None, 403),
    ]
    for method, where, body, status in closed:
        answer = with_pass(linked, mine, method, where, body)
        assert answer.status == status, (method, where, answer)


def test_a_changed_pass_opens_nothing(linked: World) -> None:
    """Another booking, another end, another signature: 401, and nothing is sent."""
    mine, other = (begin(linked, new_link(linked)) for _ in range(2))
    prefix, end, signature = mine.bearer.split(".")
    for bearer in (
        f"plp_{other.booking_id}.{end}.{signature}",
        f"{prefix}.{int(end) + 1}.{signature}",
        f"{prefix}.{end}.{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{prefix}.{end}",
        "plp_",
    ):
        answer = push(linked, other._replace(bearer=bearer), linked.new_phone())
        assert (answer.status, answer.body["code"]) == (401, "unauthenticated")


def test_a_closed_link_says_so_and_takes_nothing(linked: World) -> None:
    """Switched off, expired, spent or deleted: a sentence in the payer's language, and no prompt from an open page."""
    off, gone, ended = new_link(linked), new_link(linked), new_link(linked)
    begun = {path: begin(linked, path) for path in (off, gone)}
    change(linked, off, active=False)
    linked.service.call("DELETE", gone.replace("/pay/", "/links/"), scope="admin")
    spent = new_link(linked, once=True)
    paid(linked, begin(linked, spent))
    soon = eventually(lambda: _in_a_second(linked, ended), "the link gets an end")
    assert soon
    eventually(lambda: get(linked, ended).status == 410, "the link expires")
    said = {
        off: (410, "switched off", "kimezimwa"),
        ended: (410, "expired", "umekwisha"),
        spent: (410, "has been paid", "kimeshalipwa"),
        gone: (404, "no such payment link", "Hakuna kiungo"),
    }
    for path, (status, english, swahili) in said.items():
        for answer in (get(linked, path), press(linked, path)):
            assert (answer.status, english in text(answer)) == (status, True), text(answer)
        assert swahili in text(get(linked, path, **{"Accept-Language": "sw"}))
    for page in begun.values():
        answer = push(linked, page, linked.new_phone())
        assert (answer.status, answer.body["code"]) == (410, "link_closed")
    change(linked, off, active=True)
    assert push(linked, begun[off], linked.new_phone("pay")).status == 201


def _in_a_second(world: World, path: str) -> bool:
    end = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    link = path.replace("/pay/", "/links/")
    return world.service.call("PATCH", link, {"expiresAt": end}, scope="admin").status == 200


def test_a_link_that_is_paid_once_is_paid_once(linked: World) -> None:
    """Many open it and ask at the same time: one prompt goes out, one payment is made, and then it is spent."""
    path = new_link(linked, once=True, reference="HALL-2026")
    with ThreadPoolExecutor(6) as pool:
        begun = [*pool.map(lambda _: begin(linked, path), range(6))]
        assert len({each.booking_id for each in begun}) == 1
        phones = [linked.new_phone() for _ in begun]
        answers = [*pool.map(lambda pair: push(linked, *pair), zip(begun, phones, strict=True))]
    assert sorted(each.status for each in answers) == [201, 409, 409, 409, 409, 409]
    assert linked.service.booking(begun[0].booking_id)["reference"] == "HALL-2026"
    (asked,) = [phone for phone, answer in zip(phones, answers, strict=True) if answer.status == 201]
    linked.simulator.answer(asked, "pay")
    eventually(lambda: get(linked, path).status == 410, "the link is spent")
    again = push(linked, begun[1], linked.new_phone())
    assert (again.status, again.body["code"]) == (409, "already_paid")


def test_guessed_addresses_of_receipts_find_nothing(linked: World) -> None:
    """A thousand guesses in the form of a receipt's address are all answered with 404."""
    real = begin(linked, new_link(linked))
    token = real.receipt.rpartition("/")[2]
    near = [f"{token[:-1]}{digit}" for digit in "0123456789abcdef" if digit != token[-1]]
    guesses = [*near, *(secrets.token_hex(24) for _ in range(GUESSES - len(near)))]
    with ThreadPoolExecutor(8) as pool:
        found = {*pool.map(lambda guess: get(linked, f"/receipt/{guess}").status, guesses)}
    assert found == {404}
    assert get(linked, real.receipt).status == 200
    assert token not in linked.service.log


def test_prompts_of_a_link_and_of_an_address_are_limited(start_world: StartWorld) -> None:
    """Beyond the limits a page asks to wait, and a prompt is refused with 429, whatever link or booking it is for, and
    whichever process is asked."""
    world = start_world(POKEA_LINK_LIMIT="2", POKEA_LINK_LIMIT_ADDRESS="3")
    path = new_link(world)
    one, two = begin(world, path), begin(world, path)
    busy = press(world, path)
    assert (busy.status, "Wait ten minutes" in text(busy)) == (429, True)
    assert int(busy.headers["retry-after"]) > 0
    other = begin(world, new_link(world))
    assert press(world, new_link(world)).status == 429
    answers = [push(world, begun, world.new_phone()) for begun in (one, two, one, other, other)]
    assert [each.status for each in answers] == [201, 201, 429, 201, 429]
    world.service.stop()
    world.service.start()
    assert press(world, path).status == 429
    assert push(world, other, world.new_phone()).status == 429


def test_the_code_and_the_poster_carry_the_address(linked: World) -> None:
    """The QR code is a picture without a script, and the poster shows it with the words."""
    path = new_link(linked)
    code, poster = get(linked, f"{path}/qr.svg"), get(linked, f"{path}/poster")
    assert (code.status, code.headers["content-type"]) == (200, "image/svg+xml")
    assert code.body.startswith("<svg")
    assert linked.service.url + path in text(poster)
    assert 'src="qr.svg"' in poster.body
    assert get(linked, "/pay/ln_00000000000000000000000000/qr.svg").status == 404


def test_what_was_typed_cannot_become_code(linked: World) -> None:
    """A title in HTML is shown as it was written."""
    path = new_link(linked, title='<img src=x onerror=alert(1)>"')
    for shown in (get(linked, path), get(linked, f"{path}/poster"), press(linked, path)):
        assert "<img src=x" not in shown.body
        assert '<img src=x onerror=alert(1)>"' in html.unescape(shown.body)


def test_the_command_prints_the_address_and_its_code(linked: World, tmp_path: Path) -> None:
    """`pokea link "Deposit" 500` prints where to pay, and a QR code below it; what is wrong ends with 2."""
    own = {"POKEA_JWT_SECRET": JWT_SECRET}
    done = command(tmp_path, own, "link", "Deposit", "500", "--url", linked.service.url)
    assert done.returncode == 0, done.stderr
    address, _, code = done.stdout.partition("\n")
    assert address.startswith(f"{linked.service.url}/pay/ln_")
    assert len(code.splitlines()) > 10
    assert "KES 500" in text(get(linked, address.removeprefix(linked.service.url)))
    wrong = command(tmp_path, own, "link", "Deposit", "--once", "--url", linked.service.url)
    assert (wrong.returncode, "`amount`" in wrong.stderr) == (2, True)
