"""Universes with money out: one seed is one universe, the timeline shows officers, and what is odd is replayed."""

import pytest

from pokea.audit.rule import Violation
from pokea.universe import out_oracle
from pokea.universe.loop import VirtualLoop
from pokea.universe.network import Sent, route_of
from pokea.universe.report import Totals, story_of
from pokea.universe.run import Universes

_SEED = 2
_HOST = "http://daraja.test"


@pytest.fixture(scope="module")
def universes() -> Universes:
    """Runs universes in this process."""
    return Universes()


def test_the_same_seed_is_the_same_universe_with_money_out(universes: Universes) -> None:
    """Sealed passwords, officers and findings too are drawn from the seed; without them it is another universe."""
    first, again = (universes.run(_SEED, money_out=True) for _ in range(2))
    assert first.digest == again.digest
    assert universes.run(_SEED).digest != first.digest
    whos = {line.who for line in first.lines}
    assert whos >= {"officer asha", "officer baraka"}
    assert first.counts["plan.money out"] == 1


def test_a_broken_rule_is_replayed_with_money_out(universes: Universes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that runs it again lets money go out again."""
    flaw = Violation("paid_once", "rf_1 was paid 2 times")
    monkeypatch.setattr(out_oracle, "paid_once", lambda *_: [flaw])
    totals = Totals()
    totals.add(universes.run(_SEED, money_out=True))
    (failure,) = totals.failures
    assert list(story_of(failure))[2] == f"See it again: pokea universe --seed {_SEED} --money-out"
    assert totals.document()["failures"][0]["violations"] == [str(flaw)]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/mpesa/b2c/v3/paymentrequest", "b2c"),
        ("/mpesa/reversal/v1/request", "reversal"),
        ("/mpesa/transactionstatus/v1/query", "transactionstatus"),
        ("/api/v1/out/status/00", "out"),
        ("/api/v1/payments/mpesa/status/pay_1", "status"),
        ("/api/v1/refunds/rf_1/approve", "refunds"),
        ("/api/v1/payouts/po_1/findings", "payouts"),
        ("/api/v1/bookings/bk_1/release", "bookings"),
        ("/mpesa/accountbalance/v1/query", "accountbalance"),
        ("/mpesa/stkpush/v1/processrequest", "stkpush"),
        ("/mpesa/stkpushquery/v1/query", "stkpushquery"),
        ("/oauth/v1/generate", "oauth"),
        ("/healthz", "other"),
    ],
)
def test_a_request_is_known_by_its_path(path: str, route: str) -> None:
    """So that a life can end before or after it."""
    assert route_of(Sent("POST", f"{_HOST}{path}", {}, None, "")) == route


def test_a_machine_that_was_suspended_finds_its_timers_late() -> None:
    """Time passes at once, and what was due meanwhile comes after it."""
    loop = VirtualLoop(10)
    seen: list[float] = []
    loop.call_later(5, lambda: seen.append(loop.time()))
    loop.call_later(6, loop.stop)
    loop.oversleep(3_600)
    loop.run_forever()
    loop.close()
    assert seen == [3_600]
