"""What can go wrong with a call of the client.

ClientError
├── NotReached        The call never left: nothing happened
├── NoReply           The call left, and no answer came: whether it was done is not known
├── NotPokea          What answered is not Pokea's API
├── StillOpen         A payment has not ended in the time that was given
├── WebhookRefused    A webhook is not proved to be the service's
└── CallRefused       The service refused the call with a problem of its catalogue
    ├── CallerMistake, CustomerMatter, DarajaTrouble, ServiceTrouble, ChangeNotKnown: whose matter it is,
    └── and below each a class for every code (`problems.py`, docs/errors.md)
"""

from collections.abc import Sequence
from typing import NamedTuple

from pokea.client.models import Payment


class ClientError(Exception):
    """The root of everything that the client raises on purpose."""


class NotReached(ClientError):
    """The service could not be reached, and nothing was sent. The call may be made again at any time."""


class NoReply(ClientError):
    """The call was sent and not answered, also not when it was repeated: it may have been done, and may yet be.

    `idempotency_key` is the key that it had. The same call with this key is done once; without one, look first whether
    it was done.
    """

    def __init__(self, message: str, idempotency_key: str | None) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


class NotPokea(ClientError):
    """The answer has not the form of Pokea's: the address is another server's, or a proxy answered for it."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class StillOpen(ClientError):
    """The payment had not ended when the time was over; `payment` is how it stood then, and it goes on."""

    def __init__(self, payment: Payment | None, payment_id: str, timeout_seconds: float) -> None:
        super().__init__(f"{payment_id} has not ended within {timeout_seconds:g} s; it may yet be paid.")
        self.payment = payment


class WebhookRefused(ClientError):
    """The message is not proved to be the service's, or is too old; answer it with 400 and do nothing else."""


class RefusedField(NamedTuple):
    """What is wrong with one field of a call, and what to write instead."""

    field: str
    message: str


class CallRefused(ClientError):
    """The service refused the call.

    `code` is of the catalogue and does not change; `message` is for people; `errors` names fields; `extra` is what else
    the answer says, such as `transactionId`; `request_id` finds the call in the service's log.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        errors: Sequence[RefusedField] = (),
        request_id: str = "",
        retry_after_seconds: int | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        self.extra = extra or {}

    def __str__(self) -> str:
        named = "; ".join(f"{each.field}: {each.message}" for each in self.errors if each.message not in self.message)
        return f"{self.message}{f' ({named})' if named else ''} [{self.code}, {self.status}, {self.request_id}]"
