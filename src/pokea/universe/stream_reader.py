"""What a page hears that watches a payment's events, and what it may never hear (law: events)."""

import json
from collections.abc import Callable, Mapping
from typing import Any

Seen = Callable[[Mapping[str, Any]], None]
Complain = Callable[[str], None]


class StreamReader:
    """Takes what comes on the streams of one payment, from one connection to the next.

    `seen` is told each status as it comes, `complain` what should not have come.
    """

    def __init__(self, transaction_id: str, seen: Seen, complain: Complain) -> None:
        self._transaction_id = transaction_id
        self._seen = seen
        self._complain = complain
        self.version = 0
        self.status = ""
        self.is_over = False

    def hear(self, chunk: bytes) -> None:
        """What was sent together: whole events and signs of life."""
        for event in chunk.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
            if fields:
                self._take(fields)

    def _take(self, fields: Mapping[str, str]) -> None:
        if self.is_over:
            self._complain(f"the stream of {self._transaction_id} went on after its end")
        if fields["event"] == "end":
            self.is_over = True
            return
        told = json.loads(fields["data"])["transaction"]
        if int(fields["id"]) != told["version"] or told["id"] != self._transaction_id:
            self._complain(f"the stream of {self._transaction_id} told {told['id']}, version {told['version']}")
        self.version, self.status = told["version"], told["status"]
        self._seen(told)
