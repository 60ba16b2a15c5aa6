"""M-PESA's core: the phones, the organisation's accounts, receipts and messages, and all that happens by itself.

Everything that will happen by itself (a phone that answers, a prompt that ends, a payout that is made, a callback that
goes out) waits in an agenda. `take_due` plays it up to an instant, each thing at its own time, and returns what is to
be sent. No I/O; time and chance are passed in.
"""

import random
from collections.abc import Mapping
from typing import Final

from pokea.clock import Instant, seconds
from pokea.money import shillings_json
from pokea.simulator import texts
from pokea.simulator.callbacks import CallbackKind, PlannedCallback
from pokea.simulator.event_log import EventLog, LoggedBody, masked_url
from pokea.simulator.faults import FaultKind, Faults
from pokea.simulator.handset import SentText, Subscriber, Subscribers
from pokea.simulator.identifiers import next_time_of_day, receipt
from pokea.simulator.journal import CallbackEntry, Journal, Movement, Party, PayoutEntry, ResultEntry, ReversalEntry
from pokea.simulator.messages import message_document
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.organisation import Organisation, TakingsAccount
from pokea.simulator.timers import TimerQueue

_ACCEPTED: Final = 2


class Core:
    """What payments and money out have in common."""

    def __init__(
        self, options: SimulatorOptions, chance: random.Random, faults: Faults, journal: Journal, feed: EventLog
    ) -> None:
        self.options = options
        self.chance = chance
        self.faults = faults
        self.journal = journal
        self.feed = feed
        self.agenda = TimerQueue()
        self._receipts: dict[str, None] = {}
        self._numbers = chance.randrange(1_000, 100_000)
        self._sweep_is_planned = options.sweep_at == "off"
        self.subscribers = Subscribers(options)
        self.organisation = Organisation(options, journal, self.new_receipt)

    def next_number(self) -> int:
        """A number for identifiers that count."""
        self._numbers += 1
        return self._numbers

    def new_receipt(self, now: Instant) -> str:
        """A receipt that no other movement of money has."""
        made = receipt(now, self.chance, self._receipts)
        self._receipts[made] = None
        if len(self._receipts) > 2 * self.options.most_records:
            del self._receipts[next(iter(self._receipts))]
        return made

    def forget_receipt(self, made: str) -> None:
        """Nothing of this receipt is kept any more."""
        self._receipts.pop(made, None)

    def text(self, subscriber: Subscriber, message: SentText) -> None:
        """The phone gets the SMS."""
        subscriber.messages.append(message)
        self.feed.add("sms", message.at, msisdn=subscriber.msisdn, **message_document(message))

    def declined(self, codes: Mapping[FaultKind, str], msisdn: str | None, path: str, now: Instant) -> str | None:
        """The code of the fault that has M-PESA decline what is asked, if there is one; it has acted then."""
        rule = self.faults.match(codes, msisdn, self.chance, path)
        if rule is None:
            return None
        self.faults.spend(rule)
        self.feed.add("fault", now, kind=rule.kind, msisdn=msisdn)
        return codes[rule.kind]

    # Movements

    def pay_out(self, payout: PayoutEntry, subscriber: Subscriber, purpose: str) -> None:
        """Money goes from the utility account to a phone, which gets an SMS. Raises Unbookable."""
        self.organisation.pay_out(payout, Party(subscriber.msisdn, subscriber.name), purpose)
        subscriber.receive(payout.amount_cents)
        self.feed.add("payout", payout.at, **payout.document())
        text = texts.payout_message(
            payout.receipt, payout.amount_cents, self.options.organisation, payout.at, subscriber.balance_cents
        )
        self.text(subscriber, SentText(payout.at, text))

    def reverse(
        self, original_receipt: str, now: Instant, conversation_id: str = "", amount_cents: int | None = None
    ) -> ReversalEntry:
        """A payment's money, or `amount_cents` of it, goes back to its customer: for the request `conversation_id`, or
        as when an operator of the portal reverses it.

        Raises Unbookable. What M-PESA charged for the payment stays charged (no source: ours).
        """
        entry = self.organisation.reverse(original_receipt, now, conversation_id, amount_cents)
        subscriber = self.payer_of(original_receipt)
        assert subscriber is not None  # noqa: S101  # a phone is never forgotten
        subscriber.receive(entry.amount_cents)
        self.feed.add("reversal", now, **entry.document())
        text = texts.reversal_message(
            entry.receipt, original_receipt, entry.amount_cents, now, subscriber.balance_cents
        )
        self.text(subscriber, SentText(now, text))
        return entry

    def payer_of(self, receipt: str) -> Subscriber | None:
        """The phone that made the payment with this receipt, while it is kept."""
        paid = self.journal.payment_of(receipt)
        return self.subscribers.find(paid.party.msisdn) if paid is not None and paid.party is not None else None

    def sweep(self, account: TakingsAccount, now: Instant) -> Movement | None:
        """What the account holds goes to the bank; its own row of that, None when it holds nothing."""
        swept = self.organisation.sweep(account, now)
        if swept is not None:
            self.feed.add("sweep", now, account=account, receipt=swept.receipt, amount=shillings_json(-swept.cents))
        return swept

    def _plan_sweep(self, now: Instant) -> None:
        self._sweep_is_planned = True
        self.agenda.plan(next_time_of_day(now, self.options.sweep_at), self._sweep_for_the_night)

    def _sweep_for_the_night(self, now: Instant) -> None:
        for account in TakingsAccount:
            self.sweep(account, now)
        self._plan_sweep(now)

    # Time

    def next_due(self) -> Instant | None:
        """When something happens next by itself."""
        return self.agenda.next_due()

    def take_due(self, now: Instant) -> list[PlannedCallback]:
        """Let everything happen that is due by `now`, in its order; what goes out."""
        sent = []
        if not self._sweep_is_planned:
            self._plan_sweep(now)
        while step := self.agenda.pop(now):
            if step.delivery is not None:
                sent.append(step.delivery)
            elif step.act is not None:
                step.act(step.due)
        return sent

    def sending(self, delivery: PlannedCallback) -> CallbackEntry | ResultEntry:
        """The callback goes out now; the journal's entry, for its answer."""
        shown = {"url": masked_url(delivery.url), "body": LoggedBody(delivery.body)}
        self.feed.add(_EVENTS[delivery.kind], delivery.due, **_named(delivery), **shown)
        return self.journal.callback(delivery)

    def sent(
        self, delivery: PlannedCallback, entry: CallbackEntry | ResultEntry, status: int | None, now: Instant
    ) -> None:
        """The callback was answered with `status`, or not at all; it is sent again if the options say so.

        A Result and a notice are sent once (daraja: account balance).
        """
        entry.status = status
        self.feed.add(f"{_EVENTS[delivery.kind]}_answered", now, **_named(delivery), status=status)
        accepted = status is not None and status // 100 == _ACCEPTED
        retried = delivery.kind == "callback" and delivery.attempt < self.options.callback_retries
        if not accepted and retried:
            due = delivery.due + seconds(self.options.callback_retry_seconds)
            self.agenda.send(delivery._replace(due=due, attempt=delivery.attempt + 1))


_EVENTS: Final[dict[CallbackKind, str]] = {
    "callback": "callback",
    "result": "result",
    "timeout notice": "timeout_notice",
}


def _named(delivery: PlannedCallback) -> dict[str, str]:
    named = "checkoutRequestId" if delivery.kind == "callback" else "conversationId"
    return {named: delivery.reference}
