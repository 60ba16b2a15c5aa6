"""Rules about money out that only a universe can check notice what breaks them, and leave alone what does not."""

import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import insert

from pokea.audit.rule import Violation
from pokea.clock import HOUR
from pokea.disbursements.evidence import OutDelivery, Purpose, delivered
from pokea.disbursements.model import OutStep, StepKind
from pokea.disbursements.saving import post
from pokea.disbursements.store import add_evidence
from pokea.ledger.entries import Account
from pokea.ledger.money_out import Leg, charged, entry
from pokea.operations import store
from pokea.operations.evidence import Evidence, Source
from pokea.operations.tokens import callback_digest
from pokea.settings import Settings, given_settings
from pokea.simulator.faults import OUT_KINDS
from pokea.simulator.initiator import SimulatedInitiator
from pokea.simulator.journal import ResultEntry
from pokea.simulator.options import SimulatorOptions
from pokea.storage.database import Database
from pokea.storage.tables import flags, outbox
from pokea.universe import out_oracle
from pokea.universe.fleet import JWT_SECRET, SECRET_KEY
from pokea.universe.out_oracle import OutBooks, PaidOut
from pokea.universe.out_plan import reversal_chance, with_money_out
from pokea.universe.plan import Plan, plan_of
from pokea.universe.recorder import OutSend
from tests.disbursements.bodies import SENT_AT, b2c_body, came, reversal_body
from tests.disbursements.people_scene import PeopleScene, scene_on
from tests.disbursements.rows import MSISDN, attempt_row
from tests.disbursements.scenes import refund_row

TOKEN: Final = "a" * 48
URL: Final = f"http://pokea.test/api/v1/out/result/{TOKEN}"
RECEIPT: Final = "SKQ7OUTAA1"
BEGUN_AT: Final = SENT_AT
PAID: Final = PaidOut("at_1", MSISDN, 50_000, RECEIPT, 0, "")


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A database of its own."""
    yield from scene_on(database)


def steps(asked: str = "ann", approved: str = "ben") -> list[OutStep]:
    """A request of one person, approved by another or by the time."""
    digest = "d" * 64
    return [
        OutStep("rf_1", 1, StepKind.REQUESTED.value, asked, "late", digest, SENT_AT),
        OutStep("rf_1", 2, StepKind.APPROVED.value, approved, None, digest, SENT_AT),
    ]


def books(status: str = "completed", receipt: str | None = RECEIPT, **of_row: Any) -> OutBooks:
    """A refund with one sending that stands so."""
    attempt = attempt_row(1, status=status, receipt=receipt if status == "completed" else None)
    return OutBooks(
        {"rf_1": refund_row("rf_1", status=status, **of_row)}, {"at_1": attempt}, steps(), {digest_of(TOKEN): "at_1"}
    )


def digest_of(token: str) -> bytes:
    """How the address of a token is known."""
    return callback_digest(token)


def settings(**values: Any) -> Settings:
    """Settings of a simulator's service."""
    return given_settings(
        mpesa_environment="simulator", pokea_secret_key=SECRET_KEY, pokea_jwt_secret=JWT_SECRET, **values
    )


def broken(found: Iterator[Violation]) -> list[str]:
    """The rules that are broken."""
    return [each.rule for each in found]


@pytest.mark.parametrize(
    ("paid", "rules"),
    [
        ([PAID], []),
        ([PAID, PAID._replace(receipt="SKQ7OUTAA2")], ["paid_once"]),
        ([PAID._replace(attempt_id=None)], ["paid_by_an_attempt"]),
        ([PAID._replace(attempt_id="at_9")], ["paid_by_an_attempt"]),
    ],
)
def test_a_disbursement_is_paid_once_by_its_own_sending(paid: list[PaidOut], rules: list[str]) -> None:
    """A second movement is a violation, and so is one that no sending asked for."""
    assert broken(out_oracle.paid_once(books(), paid)) == rules


@pytest.mark.parametrize(
    ("status", "receipt", "paid", "rules"),
    [
        ("completed", RECEIPT, [PAID], []),
        ("completed", RECEIPT, [], ["completed_is_paid"]),
        ("completed", "SKQ7OTHER1", [PAID], ["completed_is_paid"]),
        ("unknown", None, [PAID], []),
        ("unknown", None, [], []),
        ("failed", None, [], []),
        ("failed", None, [PAID], ["paid_is_not_failed"]),
        ("completed", RECEIPT, [PAID._replace(cents=40_000)], ["paid_as_approved"]),
        ("completed", RECEIPT, [PAID._replace(msisdn="254700000000")], ["paid_as_approved"]),
    ],
)
def test_the_books_agree_with_what_was_paid(
    status: str, receipt: str | None, paid: list[PaidOut], rules: list[str]
) -> None:
    """Completed says paid, with this amount, phone and receipt; failed says not paid; unknown says nothing."""
    assert broken(out_oracle.books_agree(books(status, receipt), paid)) == rules


@pytest.mark.parametrize(("times", "paid", "is_broken"), [(0, [PAID], False), (1, [PAID], True), (1, [], False)])
def test_what_paid_was_never_announced_as_failed(
    scene: PeopleScene, times: int, paid: list[PaidOut], is_broken: bool
) -> None:
    """Not even for a while: each such event belongs to a sending that did not pay."""
    row = {"object_id": "rf_1", "merchant_id": 1, "type": "refund.failed", "created_at": 1, "data": "{}"}
    if times:
        scene.connection.execute(insert(outbox), [row | {"version": 4}])
    found = broken(out_oracle.never_announced_as_failed(scene.connection, books(), paid))
    assert found == (["paid_is_not_failed"] if is_broken else [])


@pytest.mark.parametrize(
    ("asked", "approved", "second_person_from", "is_broken"),
    [("ann", "ben", 0, False), ("ann", "ann", 0, True), ("ann", "time", 0, True), ("ann", "time", 600, False)],
)
def test_two_people_let_money_go(asked: str, approved: str, second_person_from: int, is_broken: bool) -> None:
    """One person's word is not enough, unless the settings say that so little needs no more."""
    known = books()._replace(steps=steps(asked, approved))
    rules = settings(pokea_out_second_person_from=second_person_from)
    assert bool(broken(out_oracle.by_two_people(known, [PAID], rules))) is is_broken


def test_a_sending_leaves_once_and_after_it_is_durable() -> None:
    """What was stopped for its token may leave once more, and what never left does not count."""
    first, second = OutSend(URL, True), OutSend(URL, True)
    assert broken(out_oracle.sent_once(books(), [first])) == []
    assert broken(out_oracle.sent_once(books(), [first, second])) == ["sent_once"]
    first.token_refused = True
    assert broken(out_oracle.sent_once(books(), [first, second])) == []
    assert broken(out_oracle.sent_once(books(), [first, second, OutSend(URL, True)])) == ["sent_once"]
    assert broken(out_oracle.sent_once(books(), [OutSend(URL, False)])) == ["durable_before_sent"]


@pytest.mark.parametrize(
    ("caps", "is_over_cap", "is_broken"),
    [
        ({}, False, False),
        ({"pokea_out_limit_one": 400}, False, True),
        ({"pokea_out_limit_one": 400}, True, False),
        ({"pokea_out_limit_day": 900}, False, True),
        ({"pokea_out_limit_payee_day": 900}, False, True),
        ({"pokea_out_limit_hourly": 1}, False, True),
    ],
)
def test_what_was_paid_was_within_the_caps(caps: dict[str, int], is_over_cap: bool, is_broken: bool) -> None:
    """Of one, of a day, of a recipient and of an hour, counted with what was approved before."""
    rows = {
        "rf_0": refund_row("rf_0", status="completed", approved_at=SENT_AT - 1, is_over_cap=True),
        "rf_1": refund_row("rf_1", status="completed", is_over_cap=is_over_cap),
    }
    sent = {"at_0": attempt_row(0, disbursement_id="rf_0"), "at_1": attempt_row(1)}
    known = OutBooks(rows, sent, [], {})
    paid = [PAID._replace(attempt_id="at_0"), PAID]
    assert bool(broken(out_oracle.within_caps(known, paid, settings(**caps)))) is is_broken
    rows["rf_0"] = rows["rf_0"]._replace(approved_at=SENT_AT - 25 * HOUR)
    long_ago = broken(out_oracle.within_caps(known, paid, settings(**caps)))
    assert bool(long_ago) is (is_broken and "pokea_out_limit_one" in caps)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({}, []),
        ({"cents": 60_000}, ["refund_within_payment"]),
        ({"msisdn": "254700000000"}, ["refund_to_payer"]),
        ({"original_receipt": "SKC82PAC99"}, ["refund_to_payer"]),
    ],
)
def test_a_payment_s_money_goes_back_to_its_payer(scene: PeopleScene, change: dict[str, Any], rules: list[str]) -> None:
    """No more than it brought, by whatever way."""
    scene.paid(msisdn=MSISDN)
    found = out_oracle.refunds_within_payments(scene.connection, books(), [PAID._replace(**change)])
    assert broken(found) == rules


@pytest.mark.parametrize(
    ("named", "doubted_at", "has_result", "flag", "is_excused"),
    [
        ("SKC82PAC99", None, True, "recipient_differs", True),
        ("SKC82PAC99", None, False, "", True),
        ("SKC82PAC99", None, True, "", False),
        ("SKC82PAC99", BEGUN_AT + 1, True, "recipient_differs", True),
        ("SKC82PAC99", BEGUN_AT - 1, True, "recipient_differs", False),
        ("SKC82PAC01", None, True, "recipient_differs", False),
    ],
)
def test_only_a_receipt_that_daraja_misnamed_excuses_another_s_phone(
    scene: PeopleScene, named: str, doubted_at: int | None, has_result: bool, flag: str, is_excused: bool
) -> None:
    """A callback of the payment named what was reversed, nothing had raised a doubt before the sending, and once the
    Result has come the attempt is flagged."""
    scene.paid(msisdn=MSISDN)
    store.add_unapplied(scene.connection, [Evidence("pay_1", "callback:1", Source.CALLBACK, 1, receipt=named)])
    add_evidence(scene.connection, [came(reversal_body())] if has_result else [], applied=True)
    if doubted_at is not None:
        row = {"operation_id": "pay_1", "flag": "receipt_conflict", "raised_at": doubted_at}
        scene.connection.execute(insert(flags), [row])
    attempt = attempt_row(1, status="completed", receipt=RECEIPT, flags=flag, created_at=BEGUN_AT)
    known = books()._replace(attempts={"at_1": attempt})
    paid = [PAID._replace(msisdn="254700000000", original_receipt="SKC82PAC99")]
    excused = out_oracle.misnamed(scene.connection, known, paid)
    assert (excused == {"at_1"}) is is_excused
    rules = [*out_oracle.books_agree(known, paid, excused)]
    rules += out_oracle.refunds_within_payments(scene.connection, known, paid, excused)
    assert broken(iter(rules)) == ([] if is_excused else ["paid_as_approved", "refund_to_payer"])


@pytest.mark.parametrize(
    ("source", "cents", "is_broken"), [("at_1", 500, False), ("at_1", 900, True), ("rf_1", 500, True)]
)
def test_a_charge_is_posted_once_and_as_it_was(scene: PeopleScene, source: str, cents: int, is_broken: bool) -> None:
    """For the sending that cost it."""
    post(scene.connection, charged(source, 1, cents, SENT_AT))
    found = broken(out_oracle.charges_once(scene.connection, [PAID._replace(cost_cents=500)]))
    assert found == (["charges_once"] if is_broken else [])


def test_the_clearing_account_is_what_came_less_what_went(scene: PeopleScene) -> None:
    """What is not proved to have gone still stands there."""
    legs = (Leg(Account.MPESA_CLEARING, 70_000), Leg(Account.SUSPENSE, -70_000))
    post(scene.connection, entry("x", "received", 1, legs, SENT_AT))
    agrees = out_oracle.clearing_is_the_truth
    assert broken(agrees(scene.connection, books(), [PAID], 120_000)) == []
    assert broken(agrees(scene.connection, books(), [PAID], 70_000)) == ["clearing_is_the_truth"]
    assert broken(agrees(scene.connection, books("unknown"), [PAID], 70_000)) == []


def test_a_result_that_was_acknowledged_is_kept_and_completes(scene: PeopleScene) -> None:
    """Whatever it says it is in the database; a true one ends the sending that it is about."""
    entry_of = ResultEntry("AG_1", URL, SENT_AT, b2c_body(), status=200)
    kept = out_oracle.acknowledged_result_is_kept
    assert broken(kept(scene.connection, [entry_of])) == ["acknowledged_is_kept"]
    item = delivered("at_1", OutDelivery(TOKEN, entry_of.body, SENT_AT), Purpose.RESULT, 0)
    add_evidence(scene.connection, [item], applied=True)
    assert broken(kept(scene.connection, [entry_of])) == []
    completes = out_oracle.true_result_completes
    assert broken(completes(books(), [PAID], [entry_of])) == []
    assert broken(completes(books("unknown"), [PAID], [entry_of])) == ["true_result_completes"]
    lies = ResultEntry("AG_1", URL, SENT_AT, b2c_body(amount=501), status=200)
    assert broken(completes(books("unknown"), [PAID], [lies])) == []
    unheard = ResultEntry("AG_1", URL, SENT_AT, b2c_body(), status=503)
    assert broken(completes(books("unknown"), [PAID], [unheard])) == []


def test_nothing_stays_unknown_without_an_excuse() -> None:
    """Once people have looked, a sending has paid or failed, or they could not conclude."""
    assert broken(out_oracle.nothing_stays_unknown(books("completed"), set())) == []
    assert broken(out_oracle.nothing_stays_unknown(books("unknown"), set())) == ["nothing_stays_unknown"]
    assert broken(out_oracle.nothing_stays_unknown(books("unknown"), {"at_1"})) == []


def drawn(seed: int) -> tuple[Plan, Plan]:
    """What a seed draws about payments, and the same with money out."""
    before = plan_of(seed, random.Random(seed))
    return before, with_money_out(before, random.Random(f"money out {seed}"), reversal_chance(seed))


def test_money_out_leaves_what_a_seed_draws_about_payments() -> None:
    """Customers, deploys, statements and the faults of pushes are the same, and every fault of money out is drawn."""
    plans = [drawn(seed) for seed in range(200)]
    for before, after in plans:
        assert (after.visits, after.deploys_at_seconds, after.readings) == (
            before.visits,
            before.deploys_at_seconds,
            before.readings,
        )
        assert [*after.standing[: len(before.standing)]] == [*before.standing]
        assert set(before.settings.items()) <= set(after.settings.items())
    kinds = {trouble.kind for _, after in plans for trouble in after.standing}
    assert kinds >= {kind.value for kind in OUT_KINDS}


def test_the_sealed_password_opens() -> None:
    """It is the same in each universe, and the simulator takes it for its operator's."""
    credentials = {drawn(seed)[1].settings["mpesa_security_credential"] for seed in range(20)}
    (credential,) = credentials
    assert SimulatedInitiator(SimulatorOptions()).is_right("testapi", credential)
