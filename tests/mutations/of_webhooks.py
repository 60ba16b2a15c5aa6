"""The code broken on purpose where events are sent: the ways in which queues of webhooks have lost, mixed up or made up
what they tell (law: delivery queue)."""

from typing import Final

from tests.mutations.mutation import Edit, Mutation

_QUEUE: Final = "webhooks/queue.py"
_WORKER: Final = "webhooks/worker.py"

OF_WEBHOOKS: Final = (
    Mutation(
        "order_by_time",
        "What happened to an object is sent by its time, in seconds; within one of them it comes in any order.",
        [
            Edit(
                _QUEUE,
                "\"and e.version <= json_extract(given.value, '$.upto') order by e.object_id, e.version\"\n",
                "\"and e.version <= json_extract(given.value, '$.upto') "
                'order by e.created_at / 1000000, e.version desc"\n',
            )
        ],
        webhooks=True,
    ),
    Mutation(
        "attempts_per_row",
        "Each row counts its own failures and there is no breaker: while a receiver is away, rows give up.",
        [
            Edit(
                "webhooks/breaker.py",
                "        opens = not endpoint.is_open and endpoint.failures >= FAILURES_TO_OPEN\n",
                "        opens = False\n",
            )
        ],
        webhooks=True,
    ),
    Mutation(
        "told_before_commit",
        "A receiver is told of what is written and not committed yet; a rollback takes it back, and it was never so.",
        [
            Edit(
                "events/outbox.py",
                "    execute_many(connection, _INSERT, [asdict(event) for event in events])\n",
                "    execute_many(connection, _INSERT, [asdict(event) for event in events])\n"
                "    import asyncio\n\n"
                '    asyncio.get_running_loop().__dict__.setdefault("told", []).extend(events)\n',
            ),
            Edit(
                _WORKER,
                "            ways = min(batch.endpoint.window, len(batch.lanes))\n",
                '            told = asyncio.get_running_loop().__dict__.get("told", [])\n'
                "            while told:\n"
                "                await self._send(sending, told.pop(), bodies)\n"
                "            ways = min(batch.endpoint.window, len(batch.lanes))\n",
            ),
        ],
        webhooks=True,
    ),
)
