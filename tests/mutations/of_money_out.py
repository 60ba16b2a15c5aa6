"""The code broken on purpose where money goes out: the ways in which other programs have paid twice, or called failed
what was paid (law: universes with money out)."""

from typing import Final

from tests.mutations.mutation import Edit, Mutation

_WORKER: Final = "disbursements/worker.py"
_DECISION: Final = "disbursements/decision.py"
_APPROVING: Final = "disbursements/approving.py"

OF_MONEY_OUT: Final = (
    Mutation(
        "send_again_after_a_5xx",
        "A sending that was answered with an error is sent again, though the first may have paid.",
        [
            Edit(
                _WORKER,
                "            outcome = await self._call(attempt, sending.addresses)\n",
                "            outcome = await self._call(attempt, sending.addresses)\n"
                '            if type(outcome).__name__ == "OutUnknown":\n'
                "                outcome = await self._call(attempt, sending.addresses)\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "believe_a_timeout_notice",
        "A notice that the request waited for too long is taken to say that nothing was paid.",
        [
            Edit(
                _DECISION,
                "            case OutSource.TIMEOUT_NOTICE:\n                self.doubtful.append(item)\n",
                "            case OutSource.TIMEOUT_NOTICE:\n                self.failures.append(item)\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "believe_the_code_of_a_question",
        "Code 0 of a status question, which says that the question worked, is taken to say that the money went out.",
        [Edit(_DECISION, "        if word == COMPLETED_WORD:\n", "        if reading.code == SUCCESS:\n")],
        money_out=True,
    ),
    Mutation(
        "fail_a_duplicate",
        "Code 15, which says that Daraja had the request before, is taken to say that nothing was paid.",
        [
            Edit(
                _DECISION,
                "        elif is_final and self._rules.finality(reading.code) is OutFinality.FAILED:\n",
                "        elif is_final and (\n"
                '            reading.code == "15" or self._rules.finality(reading.code) is OutFinality.FAILED\n'
                "        ):\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "begin_anew_beside_an_unknown_sending",
        "A second attempt is made while it is unknown whether the first one paid.",
        [
            Edit(
                "disbursements/life.py",
                "    StepKind.RETRIED: frozenset({DisbursementStatus.FAILED, DisbursementStatus.LAPSED}),\n",
                "    StepKind.RETRIED: frozenset(\n"
                "        {DisbursementStatus.FAILED, DisbursementStatus.LAPSED, DisbursementStatus.UNKNOWN}\n"
                "    ),\n",
            ),
            Edit(
                "disbursements/settle.py",
                "        is_live=row.is_live and not has_failed,\n",
                '        is_live=row.is_live and not has_failed and decision.status.value != "unknown",\n',
            ),
        ],
        money_out=True,
    ),
    Mutation(
        "approve_one_s_own",
        "One person asks for money and lets it go.",
        [
            Edit(
                _APPROVING,
                "        return any(step.subject == subject for step in self.steps if step.kind in _REQUESTS)\n",
                "        return False\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "look_at_caps_once",
        "Caps are looked at when money is asked for, and no more: what is asked for at one time goes above them.",
        [
            Edit(_APPROVING, "    if above and not over_cap:\n", "    if above and call is None:\n"),
            Edit(
                "disbursements/sending_rules.py",
                "    return is_within(rules.caps, used, row.amount_cents, over_cap=row.is_over_cap)\n",
                "    return is_within(rules.caps, used, row.amount_cents, over_cap=True)\n",
            ),
        ],
        money_out=True,
    ),
    Mutation(
        "post_a_charge_twice",
        "What M-PESA charged for a payout is posted for the sending, and once more for its payout.",
        [
            Edit(
                "disbursements/effects.py",
                "            postings += charged(new.id, new.merchant_id, new.charge_cents, now)\n",
                "            for source in (new.id, before.id):\n"
                "                postings += charged(source, new.merchant_id, new.charge_cents, now)\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "refuse_a_text_answer",
        "An answer that is no JSON is taken for a refusal, though the money may have gone out before it.",
        [
            Edit(
                "daraja/out_responses.py",
                "        return accepted or OutUnknown(unreadable(status, content_type, body))\n",
                '        return accepted or OutRefused("", "no JSON", "request_refused", False)\n',
            )
        ],
        money_out=True,
    ),
    Mutation(
        "take_a_lease_over",
        "A process that finds a sending which another one began, and did not finish, sends it.",
        [
            Edit(
                _WORKER,
                '        await asyncio.gather(*(self._keep(unknown(key, "its lease is over", now)) for key in '
                "work.leases_over))\n",
                "        over = await self._database.read(store.lock_attempts, work.leases_over)\n"
                "        for each in over.values():\n"
                "            taken = each._replace(lease_until=now + 90 * SECOND)\n"
                "            addresses = self._policy.making.book.of_attempt(each.id, now)\n"
                "            self._begin(self._send(Sending(taken, None, addresses)))\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "conclude_from_a_statement_that_ends_too_early",
        "A statement that was made before the day of the sending is over is taken to prove that nothing was paid.",
        [
            Edit(
                "reconciliation/absence.py",
                "    if not coverage.holds(begin, end):\n",
                "    if not coverage.holds(begin, begin):\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "pay_another_number",
        "A refund goes to another phone than the one that paid.",
        [
            Edit(
                _WORKER,
                'B2COrder(attempt.originator_id or "", attempt.recipient, shillings, given)\n',
                'B2COrder(attempt.originator_id or "", attempt.recipient[:-1] + "7", shillings, given)\n',
            )
        ],
        money_out=True,
    ),
    Mutation(
        "send_before_it_is_durable",
        "A sending leaves before it is in the books: a crash forgets that it may have paid.",
        [
            Edit(
                "disbursements/claims.py",
                "    store.add_addresses(connection, [row for each in sendings for row in each.addresses.rows])\n",
                "    store.add_addresses(connection, [row for each in sendings[1:] for row in each.addresses.rows])\n",
            )
        ],
        money_out=True,
    ),
    Mutation(
        "release_beside_a_refund",
        "A fee is released while a part of it is asked back: that part stays held by a booking that is done.",
        [
            Edit(
                "escrow/deciding.py",
                "    if held.standing.asked_of_held_cents:\n",
                "    if held.standing.asked_of_held_cents < 0:\n",
            )
        ],
        money_out=True,
    ),
)
