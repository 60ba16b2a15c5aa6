"""What a batch has brought: which operation each delivery belongs to, and how much of it is kept.

A delivery whose token is no operation's is a claim. Each operation keeps a bounded number of callbacks, and beyond that
only those that prove something which none before them does.
"""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from pokea.alerts.alert import Alert, AlertCode
from pokea.clock import Instant
from pokea.daraja.wire import SUCCESS
from pokea.operations.evidence import Delivery, Evidence, Source, from_callback
from pokea.operations.flow import Flow
from pokea.operations.rules import PushRules
from pokea.operations.store import Claim, Payment
from pokea.operations.tokens import callback_digest

CALLBACKS_KEPT = 50
"""Callbacks kept for one payment, whatever they say; what comes after them goes to the ring of claims."""
PROOFS_KEPT = 50
"""Callbacks kept beyond these for one payment, each of which proves what none before it does."""


class Batch(Struct, frozen=True):
    """What is settled together. `revisit` names operations with evidence that is stored and not yet applied."""

    now: Instant
    deliveries: Sequence[Delivery] = ()
    evidence: Sequence[Evidence] = ()
    revisit: Sequence[str] = ()


def batch_of(arrived: Sequence[Delivery | Evidence], now: Instant, revisit: Sequence[str] = ()) -> Batch:
    """What arrived together, with what is stored and not applied of `revisit`."""
    deliveries = [each for each in arrived if isinstance(each, Delivery)]
    return Batch(now, deliveries, [each for each in arrived if isinstance(each, Evidence)], revisit)


class Identified(NamedTuple):
    """The evidence of each payment, and bodies that prove nothing."""

    evidence: dict[str, list[Evidence]]
    claims: list[Claim]


def proved_by_address(batch: Batch, flow: Flow) -> dict[str, str]:
    """The payment of each token whose address names its payment, as far as the token is that payment's."""
    return {
        each.token: each.payment_id
        for each in batch.deliveries
        if each.payment_id is not None and flow.proves(each.token, each.payment_id)
    }


def digests_of(batch: Batch) -> set[bytes]:
    """The digests of the tokens that came alone: their payments, made before version 3.3, are found by them."""
    return {callback_digest(each.token) for each in batch.deliveries if each.token and each.payment_id is None}


def owners_of(
    batch: Batch, proved: Mapping[str, str], known: Container[str], by_digest: Mapping[bytes, str], flow: Flow
) -> dict[str, str]:
    """The payment of each token that is one's: of `proved` those that are `known`, and those found by digests."""
    owners = {token: payment_id for token, payment_id in proved.items() if payment_id in known}
    for each in batch.deliveries if by_digest else ():
        owner = by_digest.get(callback_digest(each.token)) if each.payment_id is None else None
        if owner is not None and flow.proves(each.token, owner):
            owners[each.token] = owner
    return owners


def identify(batch: Batch, owners: Mapping[str, str]) -> Identified:
    """Whose each item is; `owners` has the payment of each token that is one's.

    A delivery whose token is no payment's is a claim, or is left out if it has no form.
    """
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for item in batch.evidence:
        evidence[item.operation_id].append(item)
    claims = []
    for delivery in batch.deliveries:
        owner = owners.get(delivery.token)
        if owner is not None:
            evidence[owner].append(from_callback(owner, delivery, proved=True))
        elif not delivery.only_of_owner:
            claims.append(Claim(delivery.received_at, delivery.reading.checkout_request_id, delivery.body))
    return Identified(evidence, claims)


def alerts_of_strangers(batch: Batch, owners: Mapping[str, str]) -> list[Alert]:
    """An alert for each address that is not on the list and knows the token of a payment, as Safaricom does.

    Any client may post to the bare address or invent a token: that is no alert, or junk would hide a real one.
    """
    return [
        Alert(
            AlertCode.CALLBACK_ADDRESS,
            each.stranger,
            f"A callback for {owners[each.token]} came from {each.stranger}, which is not on "
            "POKEA_CALLBACK_ALLOWED_IPS: it is kept, and Daraja is asked. If the address is Safaricom's, add it to "
            "the list.",
        )
        for each in batch.deliveries
        if each.stranger and each.token in owners
    ]


def keep(
    rules: PushRules,
    payments: Mapping[str, Payment],
    kept: dict[str, list[Evidence]],
    arrived: Mapping[str, Sequence[Evidence]],
) -> tuple[list[Evidence], dict[str, list[Claim]]]:
    """Add to what is kept what is new, up to a bound for each payment; answers that, and what went over its bound."""
    fresh: list[Evidence] = []
    overflow: dict[str, list[Claim]] = defaultdict(list)
    for operation_id, items in arrived.items():
        payment = payments.get(operation_id)
        if payment is None:
            continue
        mine = kept[operation_id]
        known = {item.id for item in mine}
        callbacks = [item for item in mine if item.source is Source.CALLBACK]
        accepted = (item.request_id for item in items if item.source is Source.PUSH_ACCEPTED)
        request_id = payment.request_id or next(accepted, None)
        for item in items:
            if item.id in known:
                continue
            known.add(item.id)
            if item.source is Source.CALLBACK:
                if not _has_room(payment.amount_cents, request_id, callbacks, item, rules=rules):
                    overflow[operation_id].append(Claim(item.received_at, item.request_id, item.body or b""))
                    continue
                callbacks.append(item)
            fresh.append(item)
            mine.append(item)
    return fresh, overflow


def _has_room(
    amount_cents: int, request_id: str | None, callbacks: Sequence[Evidence], item: Evidence, *, rules: PushRules
) -> bool:
    """Whether one more callback of a payment of this amount and id is kept: one of the first, or one that proves
    something new."""
    if len(callbacks) < CALLBACKS_KEPT:
        return True
    proof = _proof(rules, amount_cents, request_id, item)
    is_new = proof is not None and all(_proof(rules, amount_cents, request_id, each) != proof for each in callbacks)
    return is_new and len(callbacks) < CALLBACKS_KEPT + PROOFS_KEPT


def _proof(
    rules: PushRules, amount_cents: int, request_id: str | None, item: Evidence
) -> tuple[str | None, ...] | None:
    """What a callback proves of the payment, equal for those that prove the same; None for one that proves nothing."""
    named = item.request_id
    if not item.proved or named is None or request_id not in (None, named):
        return None
    if item.code != SUCCESS:
        return (named, item.code) if rules.is_final_failure(item) else None
    return (named, item.code, item.receipt if item.amount_cents == amount_cents else None)
