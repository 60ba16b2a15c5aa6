"""What two people find out about a sending whose outcome is unknown."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from pokea.clock import HOUR
from pokea.disbursements.consequences import HouseConsequences, Shortcodes
from pokea.disbursements.evidence import send_began
from pokea.disbursements.evidence import unknown as left_unanswered
from pokea.disbursements.findings import FindingRequest, FoundOut, StatementSearch, record_finding
from pokea.disbursements.gatekeeping import Gatekeeper
from pokea.disbursements.model import AttemptStatus, Disbursement, Way
from pokea.disbursements.settle import OutSettling
from pokea.disbursements.store import add_evidence
from pokea.disbursements.views import views_of
from pokea.storage.database import Database
from pokea.storage.tables import attempts, receipts
from tests.disbursements.people_scene import NOW, PeopleScene, refusal, scene_on, target_of
from tests.disbursements.rows import attempt_row

RECEIPT = "SKR4ABCDEF"
PAID = FindingRequest(True, RECEIPT, None, None, None)
NOT_PAID = FindingRequest(False, None, "a statement", None, None)
NOTHING = StatementSearch(None)


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


@pytest.fixture
def row(scene: PeopleScene) -> Disbursement:
    """A refund by B2C of which it is unknown whether it was paid."""
    scene.paid()
    refund = scene.approve(scene.refund(way=Way.B2C))
    unknown = {"status": AttemptStatus.UNKNOWN.value, "created_at": NOW, "recipient": refund.recipient}
    attempt = attempt_row(1, disbursement_id=refund.id, digest=refund.digest, **unknown)
    scene.connection.execute(insert(attempts), [attempt._asdict()])
    items = [send_began("at_1", refund.digest, NOW), left_unanswered("at_1", "a cut connection", NOW)]
    add_evidence(scene.connection, items, applied=True)
    scene.put(refund, status="unknown", next_action_at=None)
    return scene.found(refund)


def said(
    scene: PeopleScene, row: Disbursement, wish: FindingRequest, by: str, search: StatementSearch | None = None
) -> FoundOut:
    """What comes of what this person found."""
    call = scene.call(by, object_id=f"fd_{by}")
    return record_finding(scene.connection, call, target_of(row), wish, search)


def settled(scene: PeopleScene, row: Disbursement) -> Disbursement:
    """The refund once what is stored of its attempt was settled."""
    gatekeeper = Gatekeeper(scene.rules)
    consequences = HouseConsequences(Shortcodes("174379", "174379"), gatekeeper.note_facts, gatekeeper.follow_fees)
    OutSettling(consequences).settle(scene.connection, (), ["at_1"], NOW + HOUR)
    return scene.found(row)


def test_two_people_who_find_a_receipt_complete_it(scene: PeopleScene, row: Disbursement) -> None:
    """The first finding changes nothing; the second one is evidence, and the money is cleared."""
    assert said(scene, row, PAID, "ben").attempt_id is None
    assert settled(scene, row).status == "unknown"
    (view,) = views_of(scene.connection, [row])
    assert [(each.id, each.subject, each.receipt) for each in view.findings] == [("fd_ben", "ben", RECEIPT)]
    assert said(scene, row, PAID._replace(confirms="fd_ben"), "cat").attempt_id == "at_1"
    done = settled(scene, row)
    assert (done.status, done.receipt) == ("completed", RECEIPT)
    assert scene.balances() == {}


def test_a_receipt_of_another_movement_is_no_finding(scene: PeopleScene, row: Disbursement) -> None:
    """One receipt is one movement: what another payment or sending owns pays this one no more."""
    other: dict[str, Any] = {"merchant_id": 1, "receipt": RECEIPT, "operation_id": "pay_other"}
    scene.connection.execute(insert(receipts), [other])
    with refusal("invalid_request"):
        said(scene, row, PAID, "ben")
    scene.connection.execute(receipts.delete())
    said(scene, row, PAID, "ben")
    said(scene, row, PAID._replace(confirms="fd_ben"), "cat")
    scene.connection.execute(insert(receipts), [other])
    after = settled(scene, row)
    assert (after.status, after.receipt, after.flags) == ("unknown", None, "receipt_conflict")


def test_two_people_who_find_nothing_fail_it(scene: PeopleScene, row: Disbursement) -> None:
    """What was reserved is given back, and it may be asked for anew."""
    said(scene, row, NOT_PAID, "ben", NOTHING)
    said(scene, row, NOT_PAID._replace(confirms="fd_ben"), "cat", NOTHING)
    assert settled(scene, row).status == "failed"
    assert scene.balances() == {"mpesa_clearing": 50_000, "refunds_due": -50_000}


def test_no_one_confirms_their_own(scene: PeopleScene, row: Disbursement) -> None:
    """Nor what is not the same, nor what is not there, nor twice."""
    said(scene, row, PAID, "ben")
    confirming = PAID._replace(confirms="fd_ben")
    with refusal("own_request"):
        call = scene.call("ben", object_id="fd_again")
        record_finding(scene.connection, call, target_of(row), confirming, None)
    for other in (confirming._replace(receipt="SKR4ABCDEG"), PAID._replace(confirms="fd_none")):
        with refusal("invalid_request"):
            said(scene, row, other, "cat")
    said(scene, row, confirming, "cat")
    with refusal("already_decided"):
        said(scene, row, confirming, "dan")


@pytest.mark.parametrize(
    ("search", "is_refused"),
    [
        (StatementSearch("It is not complete"), True),
        (StatementSearch(None, ("SKZ0000001",)), True),
        (StatementSearch(None, ("SKZ0000002",)), False),
        (StatementSearch(None, ("SKZ0000002", "SKZ0000001")), True),
    ],
)
def test_a_statement_must_have_no_line_that_fits(
    scene: PeopleScene, row: Disbursement, search: StatementSearch, is_refused: bool
) -> None:
    """A movement of the amount counts unless it is known to be another operation's."""
    other: dict[str, Any] = {"merchant_id": 1, "receipt": "SKZ0000002", "operation_id": "at_other"}
    scene.connection.execute(insert(receipts), [other])
    if is_refused:
        with refusal("invalid_request"):
            said(scene, row, NOT_PAID, "ben", search)
    else:
        assert said(scene, row, NOT_PAID, "ben", search).row.id == row.id


def test_there_must_be_a_sending_that_nothing_proves(scene: PeopleScene, row: Disbursement) -> None:
    """What has completed or failed needs no finding, and what was never sent has none."""
    for status in ("completed", "failed", "sending", "returned"):
        scene.connection.execute(attempts.update().values(status=status))
        with refusal("already_decided"):
            said(scene, row, PAID, "ben")
    scene.connection.execute(attempts.delete())
    with refusal("already_decided"):
        said(scene, row, PAID, "ben")
