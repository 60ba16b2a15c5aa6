"""The blocking client. It may be shared by threads.

Each call is a value of `calls.py`; this module sends it, waits, and sends it again where `retrying.py` says so.
"""

import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError

from pokea.client.address import service_address
from pokea.client.answers import Answered, Attempted, Unanswered, Unsent
from pokea.client.calls import API, Call
from pokea.client.endpoint_objects import Webhooks
from pokea.client.objects import Bookings, Events, Links, Payments
from pokea.client.out_objects import Payees, Payouts, Refunds
from pokea.client.performing import CONNECT_SECONDS, LONGEST_ANSWER_BYTES, TIMEOUT_SECONDS, Performance
from pokea.client.surroundings import chance, pause

T = TypeVar("T")


class Pokea:
    """A service and one caller of it.

    `url` is where the service is, with or without `/api/v1`; `token` is a bearer token, or what gives one for each
    call. Calls raise ClientError; `pokea.client.failures` has its kinds.
    """

    def __init__(self, url: str, token: str | Callable[[], str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.url = service_address(url)
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._pool = urllib3.PoolManager(retries=False, maxsize=10)
        self.bookings = Bookings(self)
        self.payments = Payments(self)
        self.links = Links(self)
        self.events = Events(self)
        self.refunds = Refunds(self)
        self.payouts = Payouts(self)
        self.payees = Payees(self)
        self.webhooks = Webhooks(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._pool.clear()

    def perform(self, call: Call[T]) -> T:
        """The value of a call, which is sent again where that is safe. Raises ClientError."""
        performance = Performance(call, self.url)
        while True:
            seconds = performance.pause_after(self._attempt(call), chance())
            if seconds is None:
                return performance.value()
            pause(seconds)

    def _attempt(self, call: Call[T]) -> Attempted:
        token = self._token if isinstance(self._token, str) else self._token()
        within = urllib3.Timeout(connect=min(CONNECT_SECONDS, self._timeout_seconds), read=self._timeout_seconds)
        try:
            response = self._pool.request(
                call.method,
                f"{self.url}{API}{call.path}",
                body=call.body,
                headers=call.headers(token),
                timeout=within,
                redirect=False,
                preload_content=False,
            )
        except (NewConnectionError, ConnectTimeoutError, ProxyError) as failure:
            return Unsent(str(failure))
        except SSLError as failure:
            # A certificate is looked at before anything is sent.
            is_early = isinstance(failure.args[0] if failure.args else None, ssl.SSLCertVerificationError)
            return Unsent(str(failure)) if is_early else Unanswered(str(failure))
        except (HTTPError, OSError) as failure:
            return Unanswered(type(failure).__name__)
        return _read(response)


def _read(response: urllib3.BaseHTTPResponse) -> Attempted:
    try:
        body = response.read(LONGEST_ANSWER_BYTES + 1)
    except (HTTPError, OSError) as failure:
        return Unanswered(type(failure).__name__)
    finally:
        response.release_conn()
    if len(body) > LONGEST_ANSWER_BYTES:
        return Unanswered("the answer is too long")
    return Answered(response.status, {name.lower(): value for name, value in response.headers.items()}, body)
