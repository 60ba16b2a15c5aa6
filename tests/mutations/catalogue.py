"""Every way in which the code is broken on purpose: what is changed, and what it would do to somebody's money.

An edit names the exact text that it replaces. When the code has moved on, the edit no longer fits and its test says so:
then the mutation is written anew for the code as it is.
"""

from typing import Final

from tests.mutations.mutation import Edit, Mutation
from tests.mutations.of_money_out import OF_MONEY_OUT
from tests.mutations.of_statements import OF_STATEMENTS
from tests.mutations.of_webhooks import OF_WEBHOOKS

_ARRIVALS: Final = "operations/arrivals.py"
_FLOW: Final = "payments/flow.py"
_SETTLER: Final = "operations/settler.py"
_SETTLE: Final = "operations/settle.py"
_STATUS: Final = "operations/decision.py"
_PROMPT: Final = "payments/push.py"
_RESERVE: Final = "payments/reserve.py"
_RECOVER: Final = "operations/inquiry_worker.py"
_STORE: Final = "operations/store.py"


MUTATIONS: Final = (
    Mutation(
        "acknowledge_before_commit",
        "Daraja is told that a callback was taken before it is durable, and never sends it again.",
        [
            Edit(
                _SETTLER,
                "        settled: Settled[R] = Settled([], [], {}, {})\n        try:",
                "        settled: Settled[R] = Settled([], [], {}, {})\n"
                "        for each in waiting:\n"
                "            each.durable.done() or each.durable.set_result(_kept(each.arrived, settled))\n"
                "        try:",
            )
        ],
    ),
    Mutation(
        "retry_an_unknown_push",
        "A push without an answer is sent again: two prompts for one payment, perhaps two charges.",
        [
            Edit(
                _PROMPT,
                "        outcome = await self._answer(payment.id, order, deadline)\n",
                "        outcome = await self._answer(payment.id, order, deadline)\n"
                '        if type(outcome).__name__ == "Unknown":\n'
                "            outcome = await self._answer(payment.id, order, deadline)\n",
            )
        ],
    ),
    Mutation(
        "push_after_its_deadline",
        "A push that waited for the database is sent all the same: its prompt outlives its lock, and two are paid.",
        [
            Edit(
                "clock.py",
                "        return min(self.loop_seconds - loop_seconds, (self.instant - now) / SECOND)\n",
                "        return 3600.0\n",
            ),
            Edit(
                "storage/database.py",
                "timeout=max(0.0, deadline - loop.time()) if self._hurried else None)\n",
                "timeout=None)\n",
            ),
        ],
    ),
    Mutation(
        "push_before_the_row",
        "The prompt goes out before its payment is in the books: a refused wish is charged, and a crash forgets it.",
        [
            Edit(
                _PROMPT,
                "            answer = await self._rows.make(asked.wanted)\n",
                '            self._start("sending", payment.id, self._send(payment, asked.deadline))\n'
                "            answer = await self._rows.make(asked.wanted)\n",
            ),
            Edit(
                _PROMPT,
                '            self._start("sending", answer.payment.id, self._send(answer.payment, asked.deadline))\n',
                "            pass\n",
            ),
        ],
    ),
    Mutation(
        "believe_a_bare_callback",
        "Whoever knows a CheckoutRequestID says that it was paid, and it counts as paid.",
        [
            Edit(
                _SETTLE,
                "    arrived, claims = identify(batch, owners)\n    known = sql",
                "    by_request: Any = {row.request_id: key for key, row in before.items()}\n"
                "    arrived, claims = identify(batch, owners | by_request)\n    known = sql",
            ),
            Edit(
                _ARRIVALS,
                "        owner = owners.get(delivery.token)\n",
                "        named: Any = delivery.reading.checkout_request_id\n"
                "        owner = owners.get(delivery.token) or owners.get(named)\n",
            ),
        ],
    ),
    Mutation(
        "believe_the_id_in_the_address",
        "Anyone who knows the id of a payment says at its address that it was paid, and it counts as paid.",
        [
            Edit(
                _ARRIVALS,
                "        if each.payment_id is not None and flow.proves(each.token, each.payment_id)\n",
                "        if each.payment_id is not None\n",
            )
        ],
    ),
    Mutation(
        "believe_the_token_of_another_payment",
        "A callback token proves whatever CheckoutRequestID stands beside it.",
        [
            Edit(
                _STATUS,
                "    return [item for item in trusted if item.request_id in accepted]\n",
                "    return [item for item in trusted if accepted]\n",
            )
        ],
    ),
    Mutation(
        "let_failure_overwrite_success",
        "A customer who has paid is told that the payment failed, because something said so too.",
        [
            Edit(
                _STATUS,
                "    if classified.successes:\n        return _completed(known, classified)\n",
                "",
            ),
            Edit(
                _STATUS,
                "    return _failed(known, terms, rules, failures) if failures else known\n",
                "    if failures:\n        return _failed(known, terms, rules, failures)\n"
                "    return _completed(known, classified) if classified.successes else known\n",
            ),
        ],
    ),
    Mutation(
        "drop_the_batch_of_a_bad_row",
        "A batch that cannot be settled is acknowledged and thrown away, with everybody else's callbacks in it.",
        [
            Edit(
                _SETTLER,
                "            failure, owners = await self._store_alone(arrived, now)\n"
                "            settled = settled._replace(owners=owners)\n",
                "            pass\n",
            )
        ],
    ),
    Mutation(
        "forget_the_outbox",
        "The payment is completed, and nobody is ever told.",
        [
            Edit(
                _SETTLE,
                "            events.append(event_of(row, event, now))\n",
                "            pass\n",
            )
        ],
    ),
    Mutation(
        "skip_a_version",
        "Whoever follows the versions of a payment waits for one that never comes.",
        [
            Edit(
                _SETTLE,
                "            version += 1\n",
                "            version += 2\n",
            )
        ],
    ),
    Mutation(
        "ignore_the_amount",
        "A callback about one shilling pays a fee of a thousand.",
        [
            Edit(
                _STATUS,
                "        if item.amount_cents != terms.amount_cents:\n            differing.append(item)\n        elif",
                "        if",
            )
        ],
    ),
    Mutation(
        "use_a_receipt_twice",
        "One receipt completes two payments.",
        [Edit(_SETTLE, "        if owners[receipt] != operation_id:\n", "        if owners[receipt] is None:\n")],
    ),
    Mutation(
        "post_one_side",
        "Money arrives and goes nowhere: the ledger no longer balances.",
        [
            Edit(
                _FLOW,
                "postings.extend(arrival(payment.id, payment.merchant_id, payment.amount_cents, money, now))\n",
                "postings.extend(arrival(payment.id, payment.merchant_id, payment.amount_cents, money, now)[:1])\n",
            )
        ],
    ),
    Mutation(
        "move_money_again",
        "A completed payment that hears something more decides about its money anew, and posts it a second time.",
        [
            Edit(
                _FLOW,
                "if each.status == Status.COMPLETED and each.disposition is None)",
                "if each.status == Status.COMPLETED)",
            ),
            Edit(_FLOW, "if classified.successes and payment.disposition is None else", "if classified.successes else"),
        ],
    ),
    Mutation(
        "hold_a_fee_twice",
        "The second payment of a booking is held like the first, and nobody gives it back.",
        [
            Edit(
                _FLOW,
                "    return Money.HELD if is_due else Money.REFUND_DUE\n",
                "    return Money.HELD\n",
            ),
        ],
    ),
    Mutation(
        "never_unlock",
        "A customer whose payment failed can never pay this booking, nor anything with this phone.",
        [
            Edit(
                _STORE,
                "        is_locking=is_open and payment.is_locking and decision.locked_until > 0,\n",
                "        is_locking=payment.is_locking,\n",
            ),
            Edit(
                _STORE,
                "    is_open = locks_now or next_action_at is not None or requested_at is not None\n",
                "    is_open = True\n",
            ),
            Edit(
                _RESERVE,
                '    execute_many(connection, _LIFT, [{"of_id": row.id} for row in rows if row.locked_until <= now])\n',
                "",
            ),
            Edit(_RESERVE, "    locked = [row for row in rows if row.locked_until > now]\n", "    locked = rows\n"),
        ],
    ),
    Mutation(
        "unlock_too_early",
        "A second prompt goes to the phone while the first may still be paid.",
        [
            Edit(
                _RESERVE,
                '    execute_many(connection, _LIFT, [{"of_id": row.id} for row in rows if row.locked_until <= now])\n',
                '    execute_many(connection, _LIFT, [{"of_id": row.id} for row in rows])\n',
            ),
            Edit(
                _RESERVE,
                "    locked = [row for row in rows if row.locked_until > now]\n",
                "    locked: list[Payment] = []\n",
            ),
        ],
    ),
    Mutation(
        "lose_the_answer_to_a_push",
        "The database is away for a moment, and the id that Daraja gave the prompt is lost: nobody can ask about it.",
        [
            Edit(
                _PROMPT,
                "        while loop.time() < self._stop_trying_at:\n",
                "        while False:\n",
            )
        ],
    ),
    Mutation(
        "drop_an_early_callback",
        "A callback that comes before the answer to its push is acknowledged and not kept.",
        [
            Edit(
                _ARRIVALS,
                "            if item.id in known:\n",
                "            early = item.source is Source.CALLBACK and payments[operation_id].request_id is None\n"
                "            if item.id in known or early:\n",
            )
        ],
    ),
    Mutation(
        "fail_though_a_query_said_paid",
        "Daraja says that the money came, and the payment ends as failed all the same.",
        [Edit(_STATUS, "        successes=[*believed, *agreed],\n", "        successes=believed,\n")],
    ),
    Mutation(
        "complete_without_the_second_word",
        "A large payment that a query must confirm is completed by its callback alone.",
        [
            Edit(
                _STATUS,
                "        elif item.source is Source.STATEMENT or "
                "(not is_foreign and (agreed or not terms.requires_query)):\n",
                "        elif item.source is Source.STATEMENT or not is_foreign:\n",
            )
        ],
    ),
    Mutation(
        "forget_what_was_stored",
        "What a process stored and could not apply before it died is never looked at again.",
        [
            Edit(_SETTLER, "        await self.revisit_unapplied()\n\n", "        pass\n\n"),
            Edit(
                _SETTLER,
                "        await self.revisit_unapplied()\n        return None, owners\n",
                "        return None, owners\n",
            ),
            Edit(_RECOVER, "        self._settler.revisit(unapplied)\n", ""),
        ],
    ),
    Mutation(
        "never_ask",
        "A payment whose callback was lost is left alone until its day is over.",
        [Edit(_RECOVER, "        self._ask_all(due)\n", "")],
    ),
    Mutation(
        "forget_the_idempotency_key",
        "A caller who repeats a call with its key hears that a payment is in the way: its own.",
        [
            Edit(
                _RESERVE,
                "    earlier = idempotency.reserve_all(connection, keyed)\n"
                "    return [wanted for wanted in made if wanted.key is None or earlier[wanted.key.name] is None]\n",
                "    return list(made)\n",
            )
        ],
    ),
    Mutation(
        "forget_what_a_late_success_was",
        "A payment that completes after it failed is counted as both, and the day's figures are wrong for ever.",
        [
            Edit(
                "analytics/counting.py",
                "                row[_PLACE[before.status]] -= 1\n",
                "                row[_PLACE[before.status]] -= before.status != _FAILED\n",
            )
        ],
    ),
    Mutation(
        "fold_without_taking_away",
        "Counts grow each time they are folded: a shop sees payments that nobody made.",
        [
            Edit(
                "analytics/rollup.py",
                '    execute(connection, _taken(source), {"last": last})\n',
                "",
            )
        ],
    ),
    Mutation(
        "log_a_phone_number",
        "Everybody's phone numbers stand in the log.",
        [
            Edit(
                _PROMPT,
                "        outcome = await self._outcome(payment, deadline)\n",
                '        _log.warning("prompting %s", payment.msisdn)\n'
                "        outcome = await self._outcome(payment, deadline)\n",
            ),
            Edit(
                "redact.py",
                r"|254(?<!\d254)|",
                "|",
            ),
        ],
    ),
    *OF_STATEMENTS,
    *OF_MONEY_OUT,
    *OF_WEBHOOKS,
)
"""In the order of the law's sections, roughly."""
