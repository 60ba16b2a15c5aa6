"""Calls of the client for asyncio. Written by `make docs` from `out_objects.py`."""

from collections.abc import AsyncIterator

from pokea.client import out_calls
from pokea.client.calls import LEFT, Left
from pokea.client.models import DisbursementStatus, Payee, Payout, Refund, Way
from pokea.client.out_calls import PAYOUTS, REFUNDS
from pokea.client.performing import AsyncPerformer, async_walk
from pokea.client.surroundings import new_key


class AsyncRefunds:
    """Money of payments that goes back to the phones that paid."""

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def create(
        self,
        payment_id: str,
        reason: str,
        *,
        amount: int | None = None,
        way: Way | None = None,
        confirm_repeat: bool = False,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Request a refund, of the whole payment by default. It goes out when a second person has approved it."""
        return await self._client.perform(
            out_calls.make_refund(
                idempotency_key or new_key(),
                payment_id,
                reason,
                amount=amount,
                way=way,
                confirm_repeat=confirm_repeat,
            )
        )

    async def get(self, refund_id: str) -> Refund:
        """A refund as it stands."""
        return await self._client.perform(out_calls.read_one(REFUNDS, Refund, refund_id))

    async def list(self, status: DisbursementStatus | None = None) -> AsyncIterator[Refund]:
        """All refunds, newest first, asked for page by page as they are taken."""
        async for each in async_walk(
            self._client, lambda cursor: out_calls.list_some(REFUNDS, Refund, status, cursor=cursor)
        ):
            yield each

    async def approve(
        self, refund_id: str, digest: str, *, over_cap: bool = False, idempotency_key: str | None = None
    ) -> Refund:
        """Approve what was seen: `digest` is of the refund as it was read."""
        key = idempotency_key or new_key()
        return await self._client.perform(
            out_calls.act(REFUNDS, Refund, key, refund_id, "approve", digest=digest, overCap=over_cap)
        )

    async def reject(self, refund_id: str, reason: str, *, idempotency_key: str | None = None) -> Refund:
        """Refuse to approve it; it will not go out."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.act(REFUNDS, Refund, key, refund_id, "reject", reason=reason))

    async def withdraw(self, refund_id: str, reason: str, *, idempotency_key: str | None = None) -> Refund:
        """Take the request back, before it goes out."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.act(REFUNDS, Refund, key, refund_id, "withdraw", reason=reason))

    async def retry(
        self, refund_id: str, reason: str, *, way: Way | None = None, idempotency_key: str | None = None
    ) -> Refund:
        """Let it go out once more, by this way or the same, after a failure that is proved."""
        key = idempotency_key or new_key()
        return await self._client.perform(
            out_calls.act(REFUNDS, Refund, key, refund_id, "retry", reason=reason, way=way)
        )


class AsyncPayouts:
    """Money that goes to payees."""

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def create(
        self,
        payee_id: str,
        amount: int,
        reason: str,
        *,
        booking_id: str | None = None,
        confirm_repeat: bool = False,
        idempotency_key: str | None = None,
    ) -> Payout:
        """Request a payout of whole shillings. It goes out when a second person has approved it."""
        return await self._client.perform(
            out_calls.make_payout(
                idempotency_key or new_key(),
                payee_id,
                amount,
                reason,
                booking_id=booking_id,
                confirm_repeat=confirm_repeat,
            )
        )

    async def get(self, payout_id: str) -> Payout:
        """A payout as it stands."""
        return await self._client.perform(out_calls.read_one(PAYOUTS, Payout, payout_id))

    async def list(self, status: DisbursementStatus | None = None) -> AsyncIterator[Payout]:
        """All payouts, newest first, asked for page by page as they are taken."""
        async for each in async_walk(
            self._client, lambda cursor: out_calls.list_some(PAYOUTS, Payout, status, cursor=cursor)
        ):
            yield each

    async def approve(
        self, payout_id: str, digest: str, *, over_cap: bool = False, idempotency_key: str | None = None
    ) -> Payout:
        """Approve what was seen: `digest` is of the payout as it was read."""
        key = idempotency_key or new_key()
        return await self._client.perform(
            out_calls.act(PAYOUTS, Payout, key, payout_id, "approve", digest=digest, overCap=over_cap)
        )

    async def reject(self, payout_id: str, reason: str, *, idempotency_key: str | None = None) -> Payout:
        """Refuse to approve it; it will not go out."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.act(PAYOUTS, Payout, key, payout_id, "reject", reason=reason))

    async def withdraw(self, payout_id: str, reason: str, *, idempotency_key: str | None = None) -> Payout:
        """Take the request back, before it goes out."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.act(PAYOUTS, Payout, key, payout_id, "withdraw", reason=reason))

    async def retry(self, payout_id: str, reason: str, *, idempotency_key: str | None = None) -> Payout:
        """Let it go out once more, after a failure that is proved."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.act(PAYOUTS, Payout, key, payout_id, "retry", reason=reason))


class AsyncPayees:
    """People and businesses that are paid regularly."""

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def create(
        self, name: str, phone: str, *, customer_id: str | None = None, idempotency_key: str | None = None
    ) -> Payee:
        """Keep a payee."""
        return await self._client.perform(out_calls.make_payee(idempotency_key or new_key(), name, phone, customer_id))

    async def get(self, payee_id: str) -> Payee:
        """A payee as it stands."""
        return await self._client.perform(out_calls.read_payee(payee_id))

    async def list(self) -> AsyncIterator[Payee]:
        """All payees, asked for page by page as they are taken."""
        async for each in async_walk(self._client, lambda cursor: out_calls.list_payees(cursor=cursor)):
            yield each

    async def update(
        self,
        payee_id: str,
        *,
        name: str | None = None,
        phone: str | None = None,
        customer_id: str | Left | None = LEFT,
    ) -> Payee:
        """Change what is given; None takes the customer away. Another number has to be confirmed."""
        return await self._client.perform(
            out_calls.change_payee(payee_id, name=name, phone=phone, customer_id=customer_id)
        )

    async def confirm(self, payee_id: str, *, idempotency_key: str | None = None) -> Payee:
        """Confirm a payee's new number, as another person than the one who changed it."""
        return await self._client.perform(out_calls.confirm_payee(idempotency_key or new_key(), payee_id))
