"""The code broken on purpose where a statement is read and matched: what it would be taken to prove."""

from typing import Final

from tests.mutations.mutation import Edit, Mutation

OF_STATEMENTS: Final = (
    Mutation(
        "coverage_ends_at_the_period_s_end",
        "A statement that was made before a payment is taken to prove that it was not paid.",
        [
            Edit(
                "reconciliation/completeness.py",
                "    until = min(preamble.until, ends_at, statement.read_at)\n",
                "    until = min(preamble.until, statement.read_at)\n",
            )
        ],
    ),
    Mutation(
        "settle_by_a_foreign_statement",
        "Lines of another business's statement settle our payments.",
        [
            Edit(
                "reconciliation/match.py",
                "    shut = shut_gates(statement, receiving)\n    if shut:\n",
                "    shut = shut_gates(statement, receiving)\n    if shut and not statement:\n",
            )
        ],
    ),
    Mutation(
        "conclude_from_a_statement_with_gaps",
        "Rows that were deleted from a statement, or that a quote has swallowed, are taken not to have been there.",
        [
            Edit(
                "reconciliation/match.py",
                "    lacking = gaps(statement, receiving, identified.misdated)\n",
                "    lacking = shut_gates(statement, receiving)\n",
            ),
            Edit(
                "reconciliation/completeness.py",
                "        if found or coverage is None:\n",
                "        if coverage is None:\n",
            ),
        ],
    ),
    Mutation(
        "conclude_beside_unexplained_money",
        "A payment is said not to be paid while money of its amount, which nobody has explained, lies beside it.",
        [
            Edit(
                "reconciliation/match.py",
                "for line in by_amount[each.amount_cents] if _lies(line, begin, end)]\n",
                "for line in by_amount[each.amount_cents] if begin > end]\n",
            )
        ],
    ),
)
