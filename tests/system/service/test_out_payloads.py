"""The bodies of money out, each posted over HTTP to the secret address of an attempt of its own."""

from typing import NamedTuple

from sqlalchemy import Connection, select, update

from pokea.clock import SystemClock
from pokea.daraja.result_reading import read_result
from pokea.daraja.wire import CALLBACK_ACCEPTED
from pokea.disbursements import store
from pokea.disbursements.addresses import AddressBook
from pokea.disbursements.evidence import accepted
from pokea.disbursements.model import Way
from pokea.operations.tokens import PaymentTokens
from pokea.redact import Secret
from pokea.storage.tables import attempts, evidence
from tests.daraja.test_payloads import PAYLOADS
from tests.disbursements.scenes import OutScene
from tests.disbursements.test_payload_verdicts import ABOUT_ATTEMPTS, STATUS_OF, VERDICTS
from tests.system.service.conftest import StartWorld
from tests.system.service.running import SECRET_KEY, call, eventually
from tests.system.service.world import on_database

OPEN = ("accepted", "unknown")
"""An attempt that nothing has proved, before and after Daraja was asked about it."""


class Posted(NamedTuple):
    """One body, the attempt that it may be about, and the path of its address."""

    name: str
    body: bytes
    attempt_id: str
    path: str


def prepared(connection: Connection, number: int, name: str) -> Posted:
    """An accepted attempt whose terms are those of the body, with the address that the body comes to."""
    # Two captures are of one payment, and a receipt belongs to one attempt.
    body = PAYLOADS[name].replace(b"MBN31H462N", b"MBN31H46%02d" % number)
    reading, now, at = read_result(body), SystemClock().now(), VERDICTS[name]["at"]
    way = Way.REVERSAL if name.startswith("reversal_") else Way.B2C
    scene = OutScene(connection)
    scene.originator = f"{number:08d}-0000-4000-8000-000000000000"
    scene.book = AddressBook("http://pokea.test", PaymentTokens(Secret(SECRET_KEY)).sign)
    scene.approved(
        f"rf_{number}",
        amount_cents=reading.amount_cents or 50_000,
        recipient=reading.receiver_msisdn or "254708374149",
        way=way,
        next_action_at=now,
    )
    attempt = scene.claim(now).sendings[0].attempt
    named = reading.asked_conversation_id if at == "status" else reading.conversation_id
    store.add_evidence(connection, [accepted(attempt.id, named or f"AG_{number}", None, now)], applied=True)
    own = update(attempts).where(attempts.c.id == attempt.id)
    connection.execute(own.values(original_receipt=reading.original_transaction_id))
    pair = scene.book.of_attempt(attempt.id, now)
    if at == "status":
        pair = scene.book.of_question(attempt.id, 1, now)
        store.add_addresses(connection, pair.rows)
    url = pair.timeout_url if at == "timeout" else pair.result_url
    return Posted(name, body, attempt.id, url.removeprefix("http://pokea.test"))


def statuses(connection: Connection) -> dict[str, str]:
    """The status of every attempt."""
    return {row[0]: row[1] for row in connection.execute(select(attempts.c.id, attempts.c.status))}


def kept(connection: Connection) -> bytes:
    """All that was kept of bodies."""
    rows = connection.execute(select(evidence.c.body).where(evidence.c.body.is_not(None)))
    return b"\n".join(bytes(row[0]) for row in rows)


def test_every_body_is_taken_and_decides_what_was_agreed(start_world: StartWorld) -> None:
    """Each is answered 200 once it is durable, whatever it is; success and failure are proved by theirs alone."""
    world = start_world()

    def prepare(connection: Connection) -> list[Posted]:
        return [prepared(connection, number, name) for number, name in enumerate(ABOUT_ATTEMPTS, start=1)]

    posted = on_database(world.database_url, prepare)
    for each in posted:
        answer = call("POST", world.service.url + each.path, each.body)
        assert (answer.status, answer.body) == (200, CALLBACK_ACCEPTED), each.name

    def wrong() -> list[tuple[str, str]]:
        found = on_database(world.database_url, statuses)
        return [
            (each.name, found[each.attempt_id])
            for each in posted
            if found[each.attempt_id] not in (STATUS_OF.get(VERDICTS[each.name]["verdict"]), *OPEN)
            or (VERDICTS[each.name]["verdict"] in STATUS_OF and found[each.attempt_id] in OPEN)
        ]

    eventually(lambda: not wrong(), "each body has decided its attempt")
    assert wrong() == []
    assert b"c2VjcmV0" not in on_database(world.database_url, kept)


def test_a_guessed_address_is_none(start_world: StartWorld) -> None:
    """A token that belongs to no attempt is answered 404, and nothing is kept of what was posted."""
    world = start_world()
    for path in ("result", "timeout", "status"):
        answer = call("POST", f"{world.service.url}/api/v1/out/{path}/{'0a' * 24}", PAYLOADS["b2c_0_docs_v3.json"])
        assert answer.status == 404
    assert on_database(world.database_url, kept) == b""
