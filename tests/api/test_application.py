"""What every service has: health, metrics and the OpenAPI document."""

import asyncio
import json
import re
import time
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from pokea import __version__
from pokea.api.bodies import Incoming, Outgoing
from pokea.api.call_router import CallRouter
from pokea.api.metrics import BOOKS_VIOLATIONS, PAYMENT_EVENTS, Metrics
from pokea.api.openapi import IDEMPOTENCY_KEY, NEEDS_TOKEN, Application, answers, refusals, takes
from pokea.api.readiness import READINESS_TIMEOUT_SECONDS
from pokea.api.responses import json_answer
from pokea.errors import CATALOGUE, Unavailable
from pokea.redact import Secret
from tests.api.serving import Client, against, new_test_application


def test_a_process_that_answers_is_healthy() -> None:
    """/healthz asks nothing of anybody."""

    async def unready() -> None:
        raise Unavailable("no database")

    async def talk(client: Client) -> None:
        answer = await client.get("/healthz")
        assert (answer.status, answer.body) == (200, {"status": "ok"})
        assert (await client.send("HEAD", "/healthz")).status == 200

    against(new_test_application(readiness={"database": unready}), talk)


def test_a_service_is_ready_when_all_its_parts_are() -> None:
    """/readyz names the parts that are not, says when to ask again, and recovers within its second."""
    failing: list[str] = ["database", "keys"]

    def check(name: str) -> Any:
        async def checked() -> None:
            if name in failing:
                raise Unavailable("password=hunter2")

        return checked

    readiness = {name: check(name) for name in ("database", "keys", "clock")}

    async def talk(client: Client) -> None:
        answer = await client.get("/readyz")
        assert (answer.status, answer.body["message"]) == (503, "Not ready: database, keys.")
        assert answer.headers["Retry-After"] == "1"
        assert "hunter2" not in str(answer.body)
        failing.clear()
        assert (await client.get("/readyz")).status == 503
        await asyncio.sleep(1.05)
        answer = await client.get("/readyz")
        assert (answer.status, answer.body) == (200, {"status": "ready"})

    against(new_test_application(readiness=readiness), talk)


def test_many_who_ask_for_readiness_share_an_answer() -> None:
    """The checks cost the database something and the call needs no token: they run once a second, however many ask."""
    looked = 0

    async def check() -> None:
        nonlocal looked
        looked += 1
        await asyncio.sleep(0.05)

    async def talk(client: Client) -> None:
        began = time.monotonic()
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
        answers += [await client.get("/readyz") for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
        assert looked <= 1 + (time.monotonic() - began)

    against(new_test_application(readiness={"database": check}), talk)


def test_the_metrics_may_ask_for_a_token() -> None:
    """With POKEA_METRICS_TOKEN they are shown to no caller without it."""
    app = new_test_application(metrics_token=Secret("scraper"))

    async def talk(client: Client) -> None:
        for headers in ({}, {"Authorization": "Bearer scrapes"}, {"Authorization": "Bearer schr\u00e4per"}):
            assert (await client.get("/metrics", headers=headers)).status == 401
        shown = await client.get("/metrics", headers={"Authorization": "Bearer scraper"})
        assert (shown.status, "pokea_http_requests_total" in shown.body) == (200, True)

    against(app, talk)


def test_the_document_may_be_switched_off() -> None:
    """With POKEA_API_DOCS=false the document is not served."""

    async def talk(client: Client) -> None:
        assert (await client.get("/openapi.json")).status == 404

    against(new_test_application(api_docs=False), talk)


def test_browsers_are_told_to_stay_with_https_where_it_is_known() -> None:
    """Every answer says so, on either way, when the public address is one of HTTPS, and none when it is not."""

    async def talk(client: Client, expected: str | None) -> None:
        for path in ("/healthz", "/nothing"):
            assert (await client.get(path)).headers.get("Strict-Transport-Security") == expected

    against(new_test_application(https=True), lambda client: talk(client, "max-age=31536000"))
    against(new_test_application(), lambda client: talk(client, None))


def test_a_part_that_does_not_answer_is_not_ready() -> None:
    """A check that hangs is given two seconds."""
    assert READINESS_TIMEOUT_SECONDS == 2

    async def hangs() -> None:
        await asyncio.sleep(3600)

    async def talk(client: Client) -> None:
        answer = await client.get("/readyz")
        assert (answer.status, answer.body["message"]) == (503, "Not ready: database.")

    against(new_test_application(readiness={"database": hangs}), talk)


def test_metrics_are_in_prometheus_text_format() -> None:
    """/metrics shows counters and gauges with their labels, and says which format it is."""
    metrics = Metrics()
    metrics.counter(PAYMENT_EVENTS).add("payment.completed", amount=2)
    metrics.gauge(BOOKS_VIOLATIONS).set("postings_balance", value=3)

    async def talk(client: Client) -> None:
        answer = await client.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = answer.body.splitlines()
        assert "# TYPE pokea_payment_events_total counter" in lines
        assert 'pokea_payment_events_total{kind="payment.completed"} 2.0' in lines
        assert f"# HELP pokea_books_violations {BOOKS_VIOLATIONS.help}" in lines
        assert 'pokea_books_violations{rule="postings_balance"} 3.0' in lines

    against(new_test_application(metrics=metrics), talk)


class Wish(Incoming):
    """What is wished for."""

    first_name: str
    amount: int = 1


class Granted(Outgoing):
    """What is granted."""

    first_name: str


def wishing() -> Application:
    """An application with a call of a router, and a plain route that is described by hand."""
    app = new_test_application()
    router = CallRouter("/wishes", "wishes")

    async def wish(request: Request) -> Response:
        return json_answer({"number": int(request.path_params["number"])})

    async def plain(_request: Request) -> Response:
        return json_answer({})

    router.add(
        "/{number}",
        wish,
        method="POST",
        summary="Wish <b>something</b>",
        responses=refusals("already_paid", "reference_taken", body=True)
        | {200: answers("Granted.", Granted, {"firstName": "Amina"})},
        more={
            "security": NEEDS_TOKEN,
            "parameters": [IDEMPOTENCY_KEY],
            "requestBody": takes(Wish, {"firstName": "Amina <script>"}),
        },
    )
    router.add_to(app)
    app.add_route("/plain/{id}", plain)
    app.describe(
        "/plain/{id}",
        "GET",
        {
            "summary": "A plain route",
            "description": "One `code`.\n\n- first\n- second",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {200: {"description": "It."}, **refusals("not_found", token=False)},
        },
    )
    return app


def document_of(app: Application) -> dict[str, Any]:
    """The document as the server shows it."""
    shown: dict[str, Any] = {}

    async def talk(client: Client) -> None:
        answer = await client.get("/openapi.json")
        assert answer.status == 200
        shown.update(answer.body)

    against(app, talk)
    return shown


def test_the_document_describes_the_envelope_from_the_catalogue() -> None:
    """Every code, its status, its reason and its remedy are in the document."""
    problem = document_of(wishing())["components"]["schemas"]["Problem"]
    assert problem["properties"]["code"]["enum"] == list(CATALOGUE)
    assert set(problem["required"]) == {"success", "message", "code", "errors", "requestId"}
    for entry in CATALOGUE.values():
        assert f"`{entry.code}` ({entry.status}): {entry.when} {entry.fix}" in problem["description"]


def test_a_call_lists_its_refusals_by_status() -> None:
    """Codes that share a status share a line; those of every call are there without being named."""
    responses = document_of(wishing())["paths"]["/wishes/{number}"]["post"]["responses"]
    assert set(responses) == {"200", "400", "401", "403", "408", "409", "413", "500", "503"}
    assert "`already_paid`" in responses["409"]["description"]
    assert "`reference_taken`" in responses["409"]["description"]
    schema = responses["409"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_an_address_with_a_slash_too_many_is_not_redirected() -> None:
    """It is another address, at which there is nothing: who posts to it learns that, and is not sent elsewhere."""

    async def talk(client: Client) -> None:
        for path in ("/healthz/", "/wishes/1/"):
            answer = await client.post(path) if "wishes" in path else await client.get(path)
            assert (answer.status, answer.body["code"]) == (404, "not_found")

    against(wishing(), talk)


def test_a_call_names_the_token_the_header_and_the_body_that_it_takes() -> None:
    """Security, Idempotency-Key and the camelCase body are in the document."""
    document = document_of(wishing())
    operation = document["paths"]["/wishes/{number}"]["post"]
    assert operation["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]
    body = operation["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["properties"]) == {"firstName", "amount"}
    assert body["schema"]["required"] == ["firstName"]
    assert body["example"] == {"firstName": "Amina <script>"}


def test_every_reference_in_the_document_leads_somewhere() -> None:
    """No `$ref` points to a component that is not there."""
    document = document_of(wishing())
    targets = re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document))
    assert targets
    assert set(targets) <= set(document["components"]["schemas"])


def test_a_plain_route_is_described_by_hand() -> None:
    """What `describe` was given is in the document, with statuses as text."""
    operation = document_of(wishing())["paths"]["/plain/{id}"]["get"]
    assert operation["summary"] == "A plain route"
    assert set(operation["responses"]) == {"200", "404", "500", "503"}


def test_what_is_described_later_appears_later() -> None:
    """The document is made anew when a route is described after it was read."""
    app = wishing()
    assert "/late" not in app.openapi()["paths"]
    app.describe("/late", "GET", {"responses": {}})
    assert "/late" in app.openapi()["paths"]


def test_routes_without_a_description_stay_out_of_the_document() -> None:
    """The document's own address is no part of the interface."""
    assert not {"/openapi.json"} & set(document_of(wishing())["paths"])


def test_the_document_says_whose_it_is() -> None:
    """Its form, its name and the version of the service stand at its top."""
    document = document_of(wishing())
    assert (document["openapi"], document["info"]["title"]) == ("3.1.0", "Pokea")
    assert document["info"]["version"] == __version__


def test_a_code_that_is_not_in_the_catalogue_cannot_be_promised() -> None:
    """A mistyped code fails when the application is built."""
    with pytest.raises(KeyError):
        refusals("no_such_code")


def test_a_nested_body_is_described_with_its_parts_in_place() -> None:
    """A part stands where it is used, because a reference from a call's body would point into nothing."""

    class Outer(Incoming):
        wish: Wish

    schema = takes(Outer, {})["content"]["application/json"]["schema"]
    assert schema["properties"]["wish"]["properties"] == Wish.model_json_schema(by_alias=True)["properties"]
    assert "$ref" not in json.dumps(schema)
