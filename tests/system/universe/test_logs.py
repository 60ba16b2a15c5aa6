"""A whole simulated day's logs, at every level, shows no phone number, token, key or PIN."""

import logging
from collections.abc import Iterator

import pytest

from pokea.universe.recorder import Log, listening
from pokea.universe.run import Universes

SEEDS = (1, 2, 9)


@pytest.fixture
def talkative_database() -> Iterator[None]:
    """Lets SQLAlchemy tell every statement and row, which it keeps to itself otherwise."""
    logger = logging.getLogger("sqlalchemy")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(before)


def leaks_of(seed: int) -> list[str]:
    """What leaked in this universe, which logs everything that it can."""
    outcome = Universes(logging.DEBUG).run(seed)
    return [str(each) for each in outcome.violations]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_leaks_at_the_most_talkative_level(talkative_database: None, seed: int) -> None:
    """Requests, statements, rows, failures with their tracebacks: the masks hold in every line of them."""
    assert leaks_of(seed) == []


def test_everything_is_searched(talkative_database: None) -> None:
    """What is logged at the lowest level reaches the search, and a secret in it is found."""
    log = Log()
    with listening(log, logging.DEBUG):
        logging.getLogger("sqlalchemy.engine.Engine").debug("a row with 254712345678 and PIN-OF-SOMEBODY")
    assert len(log.said) == 1
    assert log.leaks({"the phone": "254712345678"}) == []
    assert log.leaks({"the PIN": "PIN-OF-SOMEBODY"}) != []


def test_an_alert_of_the_audit_is_a_finding() -> None:
    """The service finds its books wrong: that is told like a failure, and what is merely logged is not."""
    log = Log()
    with listening(log, logging.INFO):
        logging.getLogger("pokea.books").warning("the database is away; the books are checked later")
        logging.getLogger("pokea.books").critical("The books are wrong, by the rule ledger_balances: %s", "pay_1")
    (told,) = log.stumbles()
    assert "ledger_balances" in told
