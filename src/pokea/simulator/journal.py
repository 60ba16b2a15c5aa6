"""The truth, as long as the simulator runs: what was charged, which callbacks went out, which requests came in.

Bounded: the oldest entries give way once `most` of a kind are kept.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

import msgspec

from pokea.clock import Instant, iso
from pokea.money import shillings_json
from pokea.simulator.handset import Charge


@dataclass(slots=True)
class CallbackEntry:
    """One callback that was sent; `status` is None until, and unless, it was answered."""

    checkout_request_id: str
    url: str
    sent_at: Instant
    body: bytes
    status: int | None = None


@dataclass(slots=True)
class RequestEntry:
    """One request to Daraja's paths; `status` is None until, and unless, it was answered."""

    at: Instant
    path: str
    status: int | None = None
    fault: str | None = None


class Journal:
    """Three lists that grow at the end."""

    def __init__(self, most: int) -> None:
        self.charges: deque[Charge] = deque(maxlen=most)
        self.callbacks: deque[CallbackEntry] = deque(maxlen=most)
        self.requests: deque[RequestEntry] = deque(maxlen=most)

    def request(self, now: Instant, path: str) -> RequestEntry:
        """A request has come; its answer is filled in later."""
        entry = RequestEntry(now, path)
        self.requests.append(entry)
        return entry

    def callback(self, checkout_request_id: str, url: str, now: Instant, body: bytes) -> CallbackEntry:
        """A callback goes out; its answer is filled in later."""
        entry = CallbackEntry(checkout_request_id, url, now, body)
        self.callbacks.append(entry)
        return entry

    def document(self) -> dict[str, Any]:
        """The whole journal, as `GET /sim/api/journal` prints it."""
        return {
            "charges": [
                {
                    "checkoutRequestId": charge.checkout_request_id,
                    "msisdn": charge.msisdn,
                    "amount": shillings_json(charge.amount_cents),
                    "receipt": charge.receipt,
                    "at": iso(charge.at),
                }
                for charge in self.charges
            ],
            "callbacks": [
                {
                    "checkoutRequestId": entry.checkout_request_id,
                    "url": entry.url,
                    "sentAt": iso(entry.sent_at),
                    "status": entry.status,
                    "body": msgspec.Raw(entry.body),
                }
                for entry in self.callbacks
            ],
            "requests": [
                {"at": iso(entry.at), "path": entry.path, "status": entry.status, "fault": entry.fault}
                for entry in self.requests
            ],
        }
