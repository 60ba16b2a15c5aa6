"""Payees: made or changed by one person, confirmed by another."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from pokea.clock import HOUR
from pokea.disbursements.payee_store import PayeeRow, find_payee, page_of_payees
from pokea.disbursements.payees import MadePayee, PayeeRequest, change_payee, confirm_payee, make_payee
from pokea.scope import DEFAULT_SCOPE, Scope
from pokea.storage.database import Database
from pokea.storage.tables import payees
from tests.disbursements.people_scene import NOW, PeopleScene, refusal, scene_on

WISH = PayeeRequest("Njeri Plumbing", "254722000001", None)


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def made(scene: PeopleScene, by: str = "ann") -> PayeeRow:
    """A payee that this person has made."""
    return make_payee(scene.connection, scene.call(by, object_id="py_new"), WISH).row


def confirmed(scene: PeopleScene, by: str = "ben") -> PayeeRow:
    """The payee once this person has confirmed it."""
    return confirm_payee(scene.connection, scene.call(by), "py_new").row


def changed(scene: PeopleScene, by: str = "ann", **values: object) -> PayeeRow:
    """The payee once this person has changed it."""
    return change_payee(scene.connection, DEFAULT_SCOPE, by, "py_new", values, now=scene.now)


def test_a_payee_is_confirmed_by_another_person(scene: PeopleScene) -> None:
    """And paid a day after that."""
    row = made(scene)
    assert (row.changed_by, row.confirmed_by, row.payable_from(24 * HOUR)) == ("ann", None, None)
    with refusal("own_request"):
        confirmed(scene, by="ann")
    row = confirmed(scene)
    assert (row.confirmed_by, row.confirmed_at, row.payable_from(24 * HOUR)) == ("ben", NOW, NOW + 24 * HOUR)
    assert find_payee(scene.connection, DEFAULT_SCOPE, "py_new") == row
    with refusal("already_decided"):
        confirmed(scene, by="cat")


def test_a_key_makes_and_confirms_once(scene: PeopleScene) -> None:
    """The same call again finds what the first one did."""
    call = scene.call("ann", key="once", object_id="py_new")
    first = make_payee(scene.connection, call, WISH)
    assert make_payee(scene.connection, call, WISH) == first
    again = make_payee(scene.connection, scene.call("ann", key="once", object_id="py_other"), WISH)
    assert again == MadePayee(first.row, replayed=True)
    confirming = scene.call("ben", key="once")
    row = confirm_payee(scene.connection, confirming, "py_new").row
    assert confirm_payee(scene.connection, confirming, "py_new").row == row


@pytest.mark.parametrize("values", [{"name": "Njeri"}, {"msisdn": "254722000002"}, {"customer_id": "njeri"}])
def test_every_change_is_confirmed_anew(scene: PeopleScene, values: dict[str, object]) -> None:
    """By another person than the one who made it, whoever made or confirmed the payee before."""
    made(scene)
    confirmed(scene)
    row = changed(scene, by="ben", **values)
    assert (row.changed_by, row.confirmed_by, row.confirmed_at, row.version) == ("ben", None, None, 3)
    with refusal("own_request"):
        confirmed(scene, by="ben")
    assert confirmed(scene, by="ann").confirmed_by == "ann"


def test_what_changes_nothing_leaves_the_confirmation(scene: PeopleScene) -> None:
    """The same values again are no change."""
    made(scene)
    row = confirmed(scene)
    assert changed(scene, by="cat", name=WISH.name, msisdn=WISH.msisdn) == row


def test_a_payee_with_an_open_payout_stays_as_it_is(scene: PeopleScene) -> None:
    """Until the payout has ended, in whatever way."""
    scene.payee()
    row = scene.payout()
    for status in ("requested", "approved", "sending", "accepted", "unknown"):
        scene.put(row, status=status)
        with refusal("payee_in_use"):
            change_payee(scene.connection, DEFAULT_SCOPE, "ann", "py_1", {"name": "Other"}, now=NOW)
    for status in ("completed", "failed", "withdrawn", "rejected", "lapsed", "returned"):
        scene.put(row, status=status)
        renamed = change_payee(scene.connection, DEFAULT_SCOPE, "ann", "py_1", {"name": status}, now=NOW)
        assert renamed.name == status


def test_a_held_payee_is_confirmed_anew(scene: PeopleScene) -> None:
    """M-PESA has returned another name: a person looks, and the wait begins anew."""
    scene.payee(held_since=NOW - HOUR)
    row = confirm_payee(scene.connection, scene.call("cat"), "py_1").row
    assert (row.held_since, row.confirmed_by, row.confirmed_at) == (None, "cat", NOW)


def test_the_table_refuses_who_confirms_their_own(scene: PeopleScene) -> None:
    """A check of the table holds where no function is asked."""
    made(scene)
    with pytest.raises(IntegrityError), scene.connection.begin_nested():
        scene.connection.execute(update(payees).values(confirmed_by="ann", confirmed_at=NOW))


def test_payees_are_the_merchants_own(scene: PeopleScene) -> None:
    """Another merchant sees none of them."""
    made(scene)
    assert find_payee(scene.connection, Scope(2), "py_new") is None
    assert page_of_payees(scene.connection, Scope(2), "~", 9) == []
    with refusal("not_found"):
        change_payee(scene.connection, Scope(2), "ann", "py_new", {"name": "Other"}, now=NOW)
    scene.payee(7)
    assert [row.id for row in page_of_payees(scene.connection, DEFAULT_SCOPE, "~", 9)] == ["py_new", "py_7"]
    assert [row.id for row in page_of_payees(scene.connection, DEFAULT_SCOPE, "py_new", 9)] == ["py_7"]
