"""Chaos of money out: a service is killed at random moments while it pays out, and the journal is held against the
books.

A kill between the beginning of a sending and its first byte leaves it unknown until a statement shows that nothing was
paid (law: money out in detail, 18).
"""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from pokea.audit.every_rule import RULES
from pokea.audit.rule import violations
from pokea.clock import SECOND, SystemClock
from pokea.disbursements.model import OutAttempt
from pokea.disbursements.saving import post
from pokea.ledger.money_out import Share, released
from pokea.money import CENTS
from pokea.storage.tables import attempts, decisions
from tests.system.chaos.run import Outcome, Say
from tests.system.service.running import eventually
from tests.system.service.treasury import Treasury, new_treasury

_OWED_CENTS: Final = 10_000_000
_LEAST_SHILLINGS: Final = 10
_AT_ONCE: Final = 3
_SHORT_SECONDS: Final = 0.04
"""About as long as an approval takes: a kill comes before it is stored, before the first byte, and after the last."""
_LONG_SECONDS: Final = 0.7
"""As long as M-PESA takes: a kill comes before and after the answer and the Result are stored."""
_OLDER: Final = 120 * SECOND
"""A lease is over by then, and the first questions are due."""
_ENDS_WITHIN_SECONDS: Final = 180.0
_UNPROVED: Final = frozenset({"sending", "unknown", "accepted"})


class PaidLine(NamedTuple):
    """A payout of the journal."""

    originator_id: str
    cents: int


def chaos_of_payouts(folder: Path, database_url: str, seed: int, kills: int, say: Say) -> Outcome:
    """Ask for payouts, let another person approve them, and kill the service at so many random moments meanwhile."""
    chance = random.Random(seed)
    with new_treasury(folder, database_url) as treasury:
        payees = [_owed_payee(treasury) for _ in range(_AT_ONCE)]
        done: Counter[str] = Counter()
        _pay_in_peace(treasury, payees, chance)
        for number in range(1, kills + 1):
            wanted = _asked_for(treasury, payees, chance, number)
            _kill_while_approving(treasury, wanted, chance)
            done["kills"] += 1
            done["payouts asked for"] += len(wanted)
            say(f"kill {number} of {kills}")
        return _outcome(treasury, done)


def _owed_payee(treasury: Treasury) -> str:
    """A payee who is owed much, as by a release."""
    payee_id = treasury.payee()

    def owe(connection: Connection) -> None:
        row = dict.fromkeys(decisions.c.keys()) | {
            "id": f"dc_{payee_id}",
            "merchant_id": 1,
            "object_id": f"bk_{payee_id}",
        }
        row |= {"kind": "release", "amount_cents": _OWED_CENTS, "subject": "ann", "created_at": 1}
        connection.execute(insert(decisions), [row])
        post(connection, released(f"dc_{payee_id}", 1, [Share(payee_id, _OWED_CENTS)], 0, 1))

    treasury.world.query(owe)
    return payee_id


def _asked_for(treasury: Treasury, payees: Sequence[str], chance: random.Random, number: int) -> list[dict[str, Any]]:
    """A few payouts of amounts that no other has."""
    treasury.start_again()
    wanted = []
    for payee_id in payees[: chance.randint(1, _AT_ONCE)]:
        body = {"payeeId": payee_id, "amount": _LEAST_SHILLINGS + number, "reason": "work", "confirmRepeat": True}
        made = treasury.ask("POST", "/payouts", body)
        assert made.status == 201, made
        wanted.append(made.body["payout"])
    return wanted


def _pay_in_peace(treasury: Treasury, payees: Sequence[str], chance: random.Random) -> None:
    """Payouts that nothing disturbs: from then on it is known what the account holds."""
    for payout in _asked_for(treasury, payees, chance, 0):
        treasury.ask("POST", f"/payouts/{payout['id']}/approve", {"digest": payout["digest"]}, who="ben")
        treasury.until(payout["id"], "completed")


def _kill_while_approving(treasury: Treasury, wanted: Sequence[Mapping[str, Any]], chance: random.Random) -> None:
    def approve(payout: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            treasury.ask("POST", f"/payouts/{payout['id']}/approve", {"digest": payout["digest"]}, who="ben")

    people = [threading.Thread(target=approve, args=[payout]) for payout in wanted]
    for person in people:
        person.start()
    time.sleep(chance.uniform(0, chance.choice((_SHORT_SECONDS, _LONG_SECONDS))))
    treasury.world.service.kill()
    for person in people:
        person.join()
    treasury.world.service.start()


def _outcome(treasury: Treasury, done: Counter[str]) -> Outcome:
    """Let what was approved be sent, and the rest be found out, then compare."""
    treasury.start_again()
    eventually(lambda: not _approved(treasury), "what was approved is sent", _ENDS_WITHIN_SECONDS)
    with contextlib.suppress(AssertionError):
        eventually(lambda: not _paid_and_open(treasury), "what was paid is completed", _ENDS_WITHIN_SECONDS)
    rows, paid = _read(treasury)
    broken = [*_breaches(rows, paid)]
    now = SystemClock().now()
    broken += [str(each) for each in treasury.world.read(lambda connection: list(violations(connection, now, RULES)))]
    statuses = Counter(f"sendings {row.status}" for row in rows)
    return Outcome({**done, "paid": len(paid), **dict(sorted(statuses.items()))}, broken)


def _approved(treasury: Treasury) -> list[str]:
    """Payouts that are approved and not sent; the brake may have stopped them again."""
    treasury.start_again()
    found = treasury.ask("GET", "/payouts?status=approved").body["payouts"]
    return [each["id"] for each in found]


def _paid_and_open(treasury: Treasury) -> list[str]:
    """Sendings that paid and are not completed; those that nothing has ended are made older, so that they are asked
    about."""
    rows, paid = _read(treasury)
    names = {each.originator_id for each in paid}
    found = [row.id for row in rows if row.originator_id in names and row.status in _UNPROVED]

    def make_older(connection: Connection) -> None:
        columns = attempts.c
        moments = ("created_at", "lease_until", "next_action_at", "last_inquiry_at")
        earlier = {name: columns[name] - _OLDER for name in moments}
        connection.execute(update(attempts).where(columns.status.in_(_UNPROVED)).values(earlier))

    if found:
        treasury.world.query(make_older)
        time.sleep(1)
    return found


def _read(treasury: Treasury) -> tuple[list[OutAttempt], list[PaidLine]]:
    """Every sending, and every payout of the journal."""
    journal = treasury.world.simulator.api("GET", "/journal")
    paid = [PaidLine(each["originatorConversationId"], each["amount"] * CENTS) for each in journal["payouts"]]
    return treasury.world.query(_attempts), paid


def _attempts(connection: Connection) -> list[OutAttempt]:
    return [OutAttempt._make(row) for row in connection.execute(select(attempts).order_by(attempts.c.id))]


def _breaches(rows: Sequence[OutAttempt], paid: Sequence[PaidLine]) -> list[str]:
    """What does not hold: each payout is one sending's and paid once, and no sending is called what it is not."""
    by_id = {row.originator_id: row for row in rows}
    times = Counter(row.disbursement_id for each in paid if (row := by_id.get(each.originator_id)) is not None)
    found = [f"{parent} was paid {count} times" for parent, count in times.items() if count > 1]
    found += [f"{each.originator_id} was paid, and nothing sent it" for each in paid if each.originator_id not in by_id]
    amounts = {each.originator_id: each.cents for each in paid}
    for row in rows:
        cents = amounts.get(row.originator_id or "")
        if cents is not None and (row.status != "completed" or cents != row.amount_cents):
            found.append(f"{row.id} was paid {cents} cents; it is {row.status}, of {row.amount_cents}")
        if cents is None and row.status not in _UNPROVED:
            found.append(f"{row.id} was not paid, and is {row.status}")
    return found
