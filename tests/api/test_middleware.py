"""What surrounds every request: its id, its headers, its log line, and the bounds of its body."""

import asyncio
import logging
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.callback_address import own_name
from pokea.api.metrics import HTTP_REQUESTS, Metrics
from pokea.api.middleware import (
    logged_path,
    route_template,
)
from pokea.api.responses import json_answer
from tests.api.serving import (
    CALLBACK,
    CALLBACK_TOKEN,
    Client,
    against,
    bearer,
    converse,
    echoing,
    new_test_application,
)
from tests.exposition import samples


@pytest.mark.parametrize("request_id", ["a", "x" * 64, "2f6a-1.b_C"])
def test_a_sane_request_id_is_taken_over(request_id: str) -> None:
    """The caller's own id comes back, so that two systems' logs can be joined."""

    async def talk(client: Client) -> None:
        answer = await client.get("/echo", headers={"X-Request-Id": request_id})
        assert answer.headers["X-Request-ID"] == request_id

    against(echoing(), talk)


@pytest.mark.parametrize("request_id", ["", "x" * 65, "a b", "a\tb", "id;drop", "<script>", "é"])
def test_any_other_request_id_is_replaced(request_id: str) -> None:
    """An id that could harm a log or a page is not taken over."""

    async def talk(client: Client) -> None:
        answer = await client.get("/echo", headers={"X-Request-Id": request_id})
        assert answer.headers["X-Request-ID"].startswith("req_")

    against(echoing(), talk)


def test_every_request_gets_an_id_of_its_own() -> None:
    """Two requests without an id differ."""

    async def talk(client: Client) -> None:
        ids = [(await client.get("/echo")).headers["X-Request-ID"] for _ in range(2)]
        assert ids[0] != ids[1]
        assert all(one.startswith("req_") for one in ids)

    against(echoing(), talk)


@pytest.mark.parametrize("path", ["/echo", "/nowhere", "/openapi.json", "/healthz"])
def test_every_answer_carries_safe_headers(path: str) -> None:
    """Nothing is sniffed, framed or referred to, whatever is answered."""

    async def talk(client: Client) -> None:
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]

    against(echoing(), talk)


def test_a_page_may_choose_its_own_policy() -> None:
    """A header that the answer brings is not sent twice."""
    app = new_test_application()

    async def page(_request: Request) -> Response:
        return Response(headers={"Content-Security-Policy": "default-src 'self'", "Cache-Control": "max-age=60"})

    app.add_route("/page", page)

    async def talk(client: Client) -> None:
        headers = (await client.get("/page")).headers
        assert headers["Content-Security-Policy"] == "default-src 'self'"
        assert headers["Cache-Control"] == "max-age=60"

    against(app, talk)


# --- sites -----------------------------------------------------------------------------------------------------------

SITE = {"Origin": "https://shop.example"}


def test_a_named_site_may_call() -> None:
    """A page of an allowed site may send our headers, and read those of our answers that it needs."""
    app = new_test_application(allowed_origins=["https://shop.example/"])

    async def talk(client: Client) -> None:
        asked = SITE | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,last-event-id",
        }
        preflight = await client.send("OPTIONS", "/healthz", headers=asked)
        assert preflight.status == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        answer = await client.get("/healthz", headers=SITE)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        shown = answer.headers["Access-Control-Expose-Headers"]
        assert shown == "Date, Idempotency-Replayed, Retry-After, X-Request-Id"
        assert "Access-Control-Allow-Credentials" not in answer.headers

    against(app, talk)


@pytest.mark.parametrize("path", ["/nowhere", "/fails"])
def test_a_named_site_can_read_refusals(path: str) -> None:
    """A page also learns why it was refused, and that something failed."""
    app = new_test_application(allowed_origins=["https://shop.example"])

    async def fails(_request: Request) -> Response:
        raise ValueError

    app.add_route("/fails", fails)

    async def talk(client: Client) -> None:
        answer = await client.get(path, headers=SITE)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"

    against(app, talk)


@pytest.mark.parametrize("allowed", [[], ["https://shop.example"]])
@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil.example", "null"])
def test_other_sites_may_not(allowed: list[str], origin: str) -> None:
    """Without being named, no site is let in."""
    app = new_test_application(allowed_origins=allowed)

    async def talk(client: Client) -> None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for answer in (
            await client.get("/healthz", headers={"Origin": origin}),
            await client.send("OPTIONS", "/healthz", headers=asked),
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers

    against(app, talk)


def lines_about(stream: StringIO, word: str = "pokea.access") -> list[str]:
    """The log's lines that hold the word."""
    return [line for line in stream.getvalue().splitlines() if word in line]


def test_a_request_is_one_line_without_what_is_secret(log_lines: StringIO) -> None:
    """The line has method, path and status, and neither query, callback token, phone number nor bearer token."""

    async def talk(client: Client) -> None:
        headers = bearer("alice") | {"X-Request-Id": "r-1"}
        await client.get(f"{CALLBACK}/{CALLBACK_TOKEN}?phone=0712345678", headers=headers)
        await client.get("/nowhere/0712345678?token=abc", headers={"X-Request-Id": "r-2"})

    against(echoing(), talk)
    first, second = lines_about(log_lines)
    assert "DEBUG pokea.access [r-1] GET /api/v1/payments/mpesa/callback/**** 200 0.0 ms" in first
    assert "[r-2] GET /nowhere/25471*****78 404 not_found" in second
    for secret in (CALLBACK_TOKEN, "phone=", "0712345678", "token=abc", "eyJ"):
        assert secret not in log_lines.getvalue()


def test_a_path_cannot_forge_a_line(log_lines: StringIO) -> None:
    """A newline in a path stays encoded."""

    async def talk(client: Client) -> None:
        await converse(client, b"GET /a%0aINFO%20forged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    against(echoing(), talk)
    (line,) = lines_about(log_lines)
    assert "GET /a%0AINFO%20forged 404" in line


def test_a_callback_that_went_well_is_logged_only_for_debugging(log_lines: StringIO) -> None:
    """Thousands of callbacks a second do not fill the log; what is refused does."""

    async def talk(client: Client) -> None:
        await client.post(f"{CALLBACK}/{CALLBACK_TOKEN}", data=b"{}")

    against(echoing(), talk)
    (line,) = lines_about(log_lines)
    assert "DEBUG pokea.access" in line
    assert CALLBACK_TOKEN not in line


@given(st.text(max_size=400))
def test_any_path_is_logged_on_one_bounded_line_without_a_token(path: str) -> None:
    """What a path holds never begins a new line, never grows long, and never shows a whole callback token."""
    logged = logged_path({"path": f"/{path}/{CALLBACK_TOKEN}"})
    assert logged.isprintable()
    assert len(logged) <= 303
    assert CALLBACK_TOKEN not in logged


@pytest.mark.parametrize("missing", [0, 1, 12])
def test_the_token_behind_a_payments_id_is_masked(missing: int) -> None:
    """Also one that is cut short, and one whose digits look like a phone number: the id is shown, the token never."""
    token = f"b36a2af0712345678c38250{CALLBACK_TOKEN}"[: 48 - missing]
    shown = logged_path({"path": f"{CALLBACK}/{own_name('pay_01jd8x4m7qv1n2p3r4s5t6v7w8', token)}/"})
    assert shown == f"{CALLBACK}/01-jd-8x-4m-7q-v1-n2-p3-r4-s5-t6-v7-w8.****/"


def test_requests_are_counted_by_route_and_status() -> None:
    """The counter's labels are bounded: templates of routes, known methods, statuses."""
    metrics = Metrics()

    async def talk(client: Client) -> None:
        for number in range(3):
            await client.get(f"/things/{number}/parts/{number}")
            await client.get(f"/nowhere/{number}")
        await client.send("REPORT", "/echo")
        await client.get("/metrics")

    against(echoing(metrics), talk)
    counted = samples(metrics.text(), HTTP_REQUESTS.name)
    assert counted["GET", "/things/{thing}/parts/{part}", "200"] == 3
    assert counted["GET", "unmatched", "404"] == 3
    assert counted["OTHER", "/echo", "405"] == 1
    assert counted["GET", "/metrics", "200"] == 1


segments = st.text(st.characters(exclude_characters="/", codec="utf-8"), min_size=1, max_size=10)


@given(segments, segments)
def test_the_template_of_a_route_never_shows_what_varies(thing: str, part: str) -> None:
    """However the values are chosen, there are only so many templates as the words of the path can make."""
    scope = {
        "endpoint": object(),
        "path": f"/things/{thing}/parts/{part}",
        "path_params": {"thing": thing, "part": part},
    }
    fixed = {"", "things", "parts", "{thing}", "{part}"}
    assert set(route_template(scope).split("/")) <= fixed | ({thing, part} & fixed)


def test_a_value_of_many_segments_is_one_template() -> None:
    """Files below a folder are counted together."""
    scope = {"endpoint": object(), "path": "/files/a/b", "path_params": {"file": "a/b"}}
    assert route_template(scope) == "many segments"


def test_a_task_that_outlives_its_request_logs_without_its_name(log_lines: StringIO) -> None:
    """Lines of what goes on in the background are not taken for those of the call that happened to begin it."""
    app = new_test_application()
    go_on = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def background() -> None:
        logging.getLogger("pokea.test").info("during")
        await go_on.wait()
        logging.getLogger("pokea.test").info("afterwards")

    async def begin(_request: Request) -> Response:
        tasks.append(asyncio.create_task(background()))
        await asyncio.sleep(0)
        return json_answer({})

    app.add_route("/begin", begin)

    async def talk(client: Client) -> None:
        await client.get("/begin", headers={"X-Request-Id": "mine"})
        go_on.set()
        await tasks[0]

    against(app, talk)
    lines = {line.rpartition("] ")[2]: line for line in log_lines.getvalue().splitlines() if "pokea.test" in line}
    assert "[mine]" in lines["during"]
    assert "[-]" in lines["afterwards"]


def test_a_page_of_an_allowed_site_may_name_its_request() -> None:
    """X-Request-Id is among the headers that another site may send."""

    async def talk(client: Client) -> None:
        asked = {
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-request-id, idempotency-key",
        }
        answer = await client.send("OPTIONS", "/healthz", headers=asked)
        assert answer.status == 200
        assert "X-Request-Id" in answer.headers["Access-Control-Allow-Headers"]

    against(new_test_application(allowed_origins=["https://shop.example"]), talk)
