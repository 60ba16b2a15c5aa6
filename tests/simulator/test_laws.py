"""Laws of the provider, by Hypothesis: money, charges and ends, whatever is pushed, answered, broken and waited for."""

import random
from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from pokea.clock import Instant, seconds
from pokea.simulator import SimulatorOptions
from pokea.simulator.callbacks import PlannedCallback
from pokea.simulator.core import Core
from pokea.simulator.event_log import EventLog
from pokea.simulator.faults import FaultKind, Faults
from pokea.simulator.handset import Behaviour
from pokea.simulator.journal import Journal, MovementKind, OrganisationAccount
from pokea.simulator.organisation import TakingsAccount, Unbookable
from pokea.simulator.provider import NoSuchPrompt, Provider, PushedPayment
from pokea.simulator.validation import PAYBILL, TILL, PushFields

_PHONES = ("254708374149", "254711111111", "254722000001", "254722000002")
_START: Instant = 1_790_000_000_000_000
_CALLBACK_KINDS = tuple(kind for kind in FaultKind if kind.startswith("callback_"))


class ProviderMachine(RuleBasedStateMachine):
    """A provider under every order of pushes, answers, faults and waiting."""

    payments: Bundle[PushedPayment] = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.options = SimulatorOptions(
            subscriber_lock="callback", daily_limit=20_000, same_amount_rule=True, tariff="mgao", till_fee=True
        )
        self.faults, self.journal, self.feed = Faults(), Journal(10_000), EventLog()
        self.core = Core(self.options, random.Random(3), self.faults, self.journal, self.feed)
        self.provider = Provider(self.core)
        self.now = _START
        self.accepted: list[PushedPayment] = []
        self.ends: dict[str, str] = {}
        self.sent: list[PlannedCallback] = []
        self.receipts_may_lie = False

    @rule(
        target=payments,
        msisdn=st.sampled_from(_PHONES),
        amount=st.sampled_from((1, 10, 9_999, 10_001, 300_000)),
        till=st.booleans(),
        wrong=st.booleans(),
    )
    def push(self, msisdn: str, amount: int, till: bool, wrong: bool) -> PushedPayment:
        """Push, sometimes with a wrong pairing."""
        paid_to = self.options.till if till != wrong else self.options.shortcode
        kind = TILL if till else PAYBILL
        url = "http://shop.example/cb"
        fields = PushFields("174379", "", "", kind, amount, paid_to, msisdn, url, "BK-1")
        subscriber = self.core.subscribers.obtain(msisdn)
        assert subscriber is not None
        payment = self.provider.accept(fields, subscriber, self.now)
        self.accepted.append(payment)
        return payment

    @rule(payment=payments, pin=st.sampled_from(("1234", "0000", None)))
    def answer(self, payment: PushedPayment, pin: str | None) -> None:
        """Answer a prompt, rightly, wrongly, by cancelling, or too late."""
        was_open = payment.prompt is not None and payment.code is None
        try:
            self.provider.answer(payment.prompt.id if payment.prompt else "none", pin, self.now)
            assert was_open
        except NoSuchPrompt:
            assert not was_open

    @rule(msisdn=st.sampled_from(_PHONES), behaviour=st.sampled_from(Behaviour), delay=st.sampled_from((0, 1, 70)))
    def change_habit(self, msisdn: str, behaviour: Behaviour, delay: float) -> None:
        """Another habit, also while a prompt is open."""
        subscriber = self.core.subscribers.obtain(msisdn)
        assert subscriber is not None
        subscriber.behaviour, subscriber.delay_seconds = behaviour, delay

    @rule(msisdn=st.sampled_from(_PHONES), cents=st.integers(0, 5_000_000))
    def set_balance(self, msisdn: str, cents: int) -> None:
        """Money is put in or taken out by the test."""
        subscriber = self.core.subscribers.obtain(msisdn)
        assert subscriber is not None
        subscriber.set_balance(cents)

    @rule(kind=st.sampled_from(_CALLBACK_KINDS), count=st.integers(1, 3))
    def break_callbacks(self, kind: FaultKind, count: int) -> None:
        """A fault of callbacks."""
        if len(self.faults.all()) < 20:
            self.faults.add(kind, count=count)
            self.receipts_may_lie |= kind is FaultKind.CALLBACK_RECEIPT

    @rule(place=st.integers(0, 20), made_up=st.booleans())
    def reverse(self, place: int, made_up: bool) -> None:
        """Reverse a payment, whether it can be or not."""
        charges = list(self.journal.charges)
        receipt = "MADEUP0001" if made_up or not charges else charges[place % len(charges)].receipt
        with suppress(Unbookable):
            self.core.reverse(receipt, self.now)

    @rule(account=st.sampled_from(TakingsAccount))
    def sweep(self, account: TakingsAccount) -> None:
        """Send what an account holds to the bank."""
        self.core.sweep(account, self.now)

    @rule(account=st.sampled_from(OrganisationAccount), cents=st.integers(0, 9_999))
    def set_funds(self, account: OrganisationAccount, cents: int) -> None:
        """Put funds into an account, or take them out."""
        self.core.organisation.set_balance(account, cents, self.now)

    @rule(span=st.sampled_from((0.0, 0.5, 1.0, 13.0, 60.0, 100.0)))
    def wait(self, span: float) -> None:
        """Time passes, and what is due happens in its order, none of it before its time."""
        before, self.now = self.now, self.now + seconds(span)
        sent = self.core.take_due(self.now)
        assert [delivery.due for delivery in sent] == sorted(delivery.due for delivery in sent)
        assert all(before <= delivery.due <= self.now for delivery in sent)
        self.sent += sent

    @invariant()
    def money_is_conserved(self) -> None:
        """All that was put in is in the accounts or in the journal, and no account is in debt."""
        phones = self.core.subscribers.all()
        charged = sum(charge.amount_cents + charge.cost_cents for charge in self.journal.charges)
        charged -= sum(entry.amount_cents for entry in self.journal.reversals)
        assert sum(phone.deposited_cents for phone in phones) == sum(p.balance_cents for p in phones) + charged
        assert all(phone.balance_cents >= 0 for phone in phones)

    @invariant()
    def the_journal_equals_the_balances(self) -> None:
        """Phone by phone, what is missing is what the journal says."""
        for phone in self.core.subscribers.all():
            own = [charge for charge in self.journal.charges if charge.msisdn == phone.msisdn]
            returned = {entry.original_receipt: entry.amount_cents for entry in self.journal.reversals}
            charged = sum(c.amount_cents + c.cost_cents - returned.get(c.receipt, 0) for c in own)
            assert phone.deposited_cents - phone.balance_cents == charged

    @invariant()
    def the_accounts_are_their_movements(self) -> None:
        """Each balance is the sum of its rows, each row's follows from the one before, and times never go back."""
        for account in OrganisationAccount:
            rows = [movement for movement in self.journal.movements if movement.account is account]
            balance = 0
            for row in rows:
                balance += row.cents
                assert row.balance_cents == balance
            assert self.journal.balances[account] == balance
            assert [row.at for row in rows] == sorted(row.at for row in rows)

    @invariant()
    def a_payment_is_received_once_and_reversed_once_at_most(self) -> None:
        """Charges and payments of the accounts are the same; the receipts of reversals are their own."""
        paid = [(m.receipt, m.cents) for m in self.journal.movements if m.kind is MovementKind.PAYMENT]
        assert paid == [(charge.receipt, charge.amount_cents) for charge in self.journal.charges]
        originals = [entry.original_receipt for entry in self.journal.reversals]
        assert len(set(originals)) == len(originals)
        own = {entry.receipt for entry in self.journal.reversals}
        assert len(own) == len(originals)
        assert own.isdisjoint(receipt for receipt, _ in paid)

    @invariant()
    def a_payment_is_charged_once_and_only_if_it_ended_paid(self) -> None:
        """One charge for each payment whose end is 0, none for the others; receipts differ."""
        charged = [charge.checkout_request_id for charge in self.journal.charges]
        paid = [payment.checkout_request_id for payment in self.accepted if payment.code == "0"]
        assert sorted(charged) == sorted(paid)
        assert len({charge.receipt for charge in self.journal.charges}) == len(charged)

    @invariant()
    def an_end_is_final(self) -> None:
        """Once a payment has ended its code does not change."""
        for payment in self.accepted:
            if payment.code is not None:
                assert self.ends.setdefault(payment.checkout_request_id, payment.code) == payment.code

    @invariant()
    def a_phone_shows_one_prompt_at_most(self) -> None:
        """And the phone is busy with just that one."""
        for prompt in self.provider.prompts():
            subscriber = self.core.subscribers.find(prompt.msisdn)
            assert subscriber is not None
            assert subscriber.busy_with == prompt.checkout_request_id

    @invariant()
    def a_callback_of_success_has_a_charge(self) -> None:
        """Nobody is told of a payment that the journal does not have; amounts differ by a fault's shilling at most, and
        a receipt is another charge's only by a fault."""
        receipts = {charge.receipt for charge in self.journal.charges}
        charges = {charge.checkout_request_id: charge for charge in self.journal.charges}
        for delivery in self.sent:
            result: Any = msgspec.json.decode(delivery.body)["Body"]["stkCallback"]
            if result["ResultCode"] == 0:
                charge = charges[delivery.reference]
                values = {item["Name"]: item["Value"] for item in result["CallbackMetadata"]["Item"]}
                told = values["MpesaReceiptNumber"]
                assert told == charge.receipt or (self.receipts_may_lie and told in receipts)
                assert values["Amount"] - charge.amount_cents // 100 in (0, 1)
                assert delivery.due >= charge.at

    def teardown(self) -> None:
        """In the end, when enough time has passed, every payment has ended and no phone is busy."""
        self.faults.clear()
        self.now += seconds(1_000)
        self.sent += self.core.take_due(self.now)
        assert all(payment.code is not None for payment in self.accepted)
        assert all(phone.busy_with is None for phone in self.core.subscribers.all())
        assert self.provider.prompts() == []
        assert self.core.next_due() is None


ProviderMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestProvider = ProviderMachine.TestCase
