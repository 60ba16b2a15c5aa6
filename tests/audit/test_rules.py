"""Each rule of the books finds what is broken by hand, where it is, and nothing in books that are as they should be."""

import itertools
import random
from collections.abc import Sequence

import pytest

from pokea.audit.event_rules import EVENT_RULES
from pokea.audit.operation_rules import OPERATION_RULES
from pokea.audit.rule import BOOKS, EVERYTHING, LAST, MOST_NAMED, IdRange, RuleScope, Violation, violations
from pokea.clock import SECOND
from pokea.storage.database import Database
from tests.audit.kept import BREAKS, NOW, break_books, keep_books

RULES = (*BOOKS, *OPERATION_RULES, *EVENT_RULES)
WALKED = [rule for rule in RULES if rule.is_walked]


def found(database: Database, parts: Sequence[IdRange] = EVERYTHING) -> list[Violation]:
    """What the rules find."""
    with database.engine.connect() as connection:
        return violations(connection, NOW + 20 * 60 * SECOND, WALKED, parts)


def test_every_rule_is_broken_by_a_test() -> None:
    """No rule is without a way to break it; that of the counts has its own tests."""
    assert list(BREAKS) == [rule.name for rule in WALKED]
    assert {rule.name for rule in RULES if not rule.is_walked} == {"counts_equal_recount"}


def test_books_as_the_settler_keeps_them_break_no_rule(database: Database) -> None:
    """Paid, paid twice and refused: every rule holds."""
    keep_books(database)
    assert found(database) == []


@pytest.mark.parametrize("rule", BREAKS)
def test_a_rule_finds_what_breaks_it(database: Database, rule: str) -> None:
    """What is broken by hand is found by its rule, at its place, with a sentence that names the place."""
    keep_books(database)
    break_books(database, *BREAKS[rule])
    places = [violation for violation in found(database) if violation.rule == rule]
    assert {place.id for place in places} <= {"pay_3", "bk_3", "pay_b", "bk_4", "pay_4", "pay_1"}
    assert places
    assert all(place.id in place.where or "stands at" in place.where for place in places)
    assert all(str(place) == f"{rule}: {place.where}" for place in places)


def test_what_is_found_in_parts_is_what_is_found_in_the_whole(database: Database) -> None:
    """However the ids are cut into parts, the parts find together what the whole finds, each place once."""
    keep_books(database)
    break_books(database, *(statement for statements in BREAKS.values() for statement in statements))
    whole = sorted(found(database))
    assert len({violation.rule for violation in whole}) > len(WALKED) / 2
    chance = random.Random(7)
    for _ in range(5):
        parts = []
        for ground, prefix in ((RuleScope.PAYMENTS, "pay"), (RuleScope.BOOKINGS, "bk")):
            cuts = sorted({"", LAST, *(f"{prefix}_{chance.randint(1, 9)}" for _ in range(3))})
            parts += [IdRange(ground, after, upto) for after, upto in itertools.pairwise(cuts)]
        chance.shuffle(parts)
        assert sorted(found(database, parts)) == whole


def test_a_fee_held_for_a_booking_that_is_gone_is_found(database: Database) -> None:
    """A payment holds a fee, and its booking does not exist: somebody removed it."""
    keep_books(database)
    break_books(database, "delete from bookings where id = 'bk_3'")
    assert [(each.rule, each.id) for each in found(database)] == [("fee_held_once", "pay_3")]


def test_postings_of_no_payment_are_found(database: Database) -> None:
    """Money is posted for a payment that does not exist."""
    keep_books(database)
    break_books(database, "delete from payments where id = 'pay_b'")
    break_books(
        database,
        "insert into postings values ('pay_0', 'received', 0, 1, 'mpesa_clearing', null, 0, 1)",
        "delete from outbox",
    )
    assert ("completed_is_posted_once", "pay_0") in {(each.rule, each.id) for each in found(database)}


def test_a_rule_that_is_broken_everywhere_is_told_in_part(database: Database) -> None:
    """Of many places the first are named, and that there are more is said."""
    keep_books(database, MOST_NAMED + 5)
    break_books(database, "update bookings set status = 'awaiting_payment'")
    told = [violation for violation in found(database) if violation.rule == "booking_follows_fee"]
    assert len(told) == MOST_NAMED + 1
    assert str(told[-1]) == "booking_follows_fee: and more"


def test_a_prompt_that_waited_for_a_later_one_to_end_is_not_one_too_many(database: Database) -> None:
    """Of two asked for at once the first waits for its row until the second has ended; had that not, it is found."""
    keep_books(database)
    break_books(
        database,
        "update payments set created_at = created_at + 99990000, expires_at = expires_at + 99990000 where id = 'pay_a'",
        "update evidence set received_at = received_at + 99990000 where operation_id = 'pay_a'",
    )
    assert "one_live_prompt" not in {each.rule for each in found(database)}
    break_books(database, "delete from evidence where operation_id = 'pay_b'")
    assert ("one_live_prompt", "pay_a") in {(each.rule, each.id) for each in found(database)}
