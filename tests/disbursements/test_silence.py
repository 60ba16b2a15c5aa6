"""Whether Daraja answers at all: three questions without an answer, then the balance, then an alert."""

import pytest
from sqlalchemy import Connection, select

from pokea.clock import SECOND, Instant
from pokea.disbursements import store
from pokea.disbursements.evidence import OutEvidence, OutSource, accepted
from pokea.disbursements.silence import AskedAttempt, look_for_silence, unanswered
from pokea.storage.tables import alerts
from tests.disbursements.bodies import SENT_AT
from tests.disbursements.rows import CONVERSATION
from tests.disbursements.scenes import OutScene

SHORTCODE = "174379"


@pytest.fixture
def scene(connection: Connection) -> OutScene:
    """Money out in a fresh database."""
    return OutScene(connection)


def looked(scene: OutScene, now: Instant) -> bool:
    """Whether the balance is wanted."""
    return look_for_silence(scene.connection, lambda _way: SHORTCODE, now) == {(1, "b2c")}


def alerted(scene: OutScene) -> list[str]:
    """What a person is told."""
    return list(scene.connection.execute(select(alerts.c.subject).where(alerts.c.code == "initiator_silent")).scalars())


def asked_three_times(scene: OutScene) -> str:
    """An attempt that was accepted and asked about three times."""
    attempt = scene.begun()
    scene.settle(accepted(attempt.id, CONVERSATION, None, SENT_AT))
    for seconds in (31, 61, 121):
        assert len(scene.claim(SENT_AT + seconds * SECOND).questions) == 1
    return attempt.id


def test_three_questions_without_an_answer_ask_the_balance_and_then_tell(scene: OutScene) -> None:
    """Not while the third may be answered still; the alert only when the balance is silent for as long."""
    asked_three_times(scene)
    assert not looked(scene, SENT_AT + 180 * SECOND)
    assert looked(scene, SENT_AT + 182 * SECOND)
    asked_at = SENT_AT + 182 * SECOND
    assert store.claim_balance_question(scene.connection, 1, SHORTCODE, 60 * SECOND, asked_at) == 1
    assert looked(scene, asked_at + 59 * SECOND)
    assert alerted(scene) == []
    assert looked(scene, asked_at + 60 * SECOND)
    assert alerted(scene) == [SHORTCODE]


def test_an_answer_about_the_balance_says_that_questions_are_answered(scene: OutScene) -> None:
    """Then it is the payout that is not known, and not the initiator; an alert that stands keeps us asking."""
    asked_three_times(scene)
    at = SENT_AT + 200 * SECOND
    store.claim_balance_question(scene.connection, 1, SHORTCODE, 60 * SECOND, at)
    store.name_funds(scene.connection, 1, SHORTCODE, 100, at + SECOND)
    assert not looked(scene, at + 100 * SECOND)
    assert alerted(scene) == []


def test_an_alert_that_stands_is_asked_about_until_it_is_answered(scene: OutScene) -> None:
    """Its end is the balance's answer, whatever else has been answered meanwhile."""
    attempt_id = asked_three_times(scene)
    at = SENT_AT + 200 * SECOND
    store.claim_balance_question(scene.connection, 1, SHORTCODE, 60 * SECOND, at)
    assert looked(scene, at + 60 * SECOND)
    answer = OutEvidence(attempt_id, "status_answer:3:x", OutSource.STATUS_ANSWER, at + 65 * SECOND)
    store.add_evidence(scene.connection, [answer], applied=True)
    assert looked(scene, at + 70 * SECOND)


@pytest.mark.parametrize(
    ("heard", "inquiries", "last", "count"),
    [(0, 1, 31, 1), (0, 3, 121, 3), (45, 3, 121, 2), (121, 3, 121, 0), (0, 3, 590, 2), (0, 5, 481, 5)],
)
def test_questions_are_counted_since_something_was_heard(heard: int, inquiries: int, last: int, count: int) -> None:
    """The last one by its time, those before it by when they were due; none that is younger than a minute."""
    asked = AskedAttempt("at_1", 0, inquiries, last * SECOND)
    assert unanswered([asked], heard * SECOND, 600 * SECOND) == count
