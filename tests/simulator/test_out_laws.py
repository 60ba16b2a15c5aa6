"""Laws of money out, by Hypothesis: whatever is asked, asked again, broken and waited for, nothing is paid twice, and
what is said about it is what the faults allow (law: simulator of money out)."""

import base64
import random
from collections import Counter
from contextlib import suppress
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pokea.clock import Instant, seconds
from pokea.daraja.b2c import B2C_PATH, B2C_V1_PATH
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.daraja.transaction_status import STATUS_PATH
from pokea.simulator import SimulatorOptions
from pokea.simulator.apis.calls import GatewayVerdict, ParsedRequest
from pokea.simulator.apis.conversations import Conversation, Conversations
from pokea.simulator.apis.every import calls_of
from pokea.simulator.callbacks import PlannedCallback
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.event_log import EventLog
from pokea.simulator.faults import OUT_KINDS, FaultKind, FaultRule, Faults
from pokea.simulator.initiator import certificate
from pokea.simulator.journal import Journal, MovementKind, OrganisationAccount
from pokea.simulator.organisation import Unbookable
from pokea.simulator.provider import Provider
from pokea.simulator.validation import PAYBILL, PushFields

_PHONES = ("254722000001", "254722000002", "254722000003")
_IDS = tuple(f"id-{number}" for number in range(4))
_OFTEN = (
    *(FaultKind.OUT_500_BEFORE, FaultKind.OUT_500_AFTER, FaultKind.OUT_TEXT_AFTER, FaultKind.RESULT_EARLY),
    *(FaultKind.TIMEOUT_NOTICE, FaultKind.TIMEOUT_THEN_SUCCESS, FaultKind.WAITING_TO_RESEND, FaultKind.DUPLICATE_LATE),
)
"""What could have something paid twice, and comes more often than the rest."""
_START: Instant = 1_790_000_000_000_000
_OUT_OF_HAND = frozenset({FaultKind.RESULT_AMOUNT, FaultKind.RESULT_RECIPIENT})


def _credential() -> str:
    key = load_pem_x509_certificate(certificate().encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    return base64.b64encode(key.encrypt(b"Safaricom999!*!", PKCS1v15())).decode()


class MoneyOutMachine(RuleBasedStateMachine):
    """M-PESA under every order of payments, payouts, reversals, questions, faults and waiting."""

    credential = _credential()

    def __init__(self) -> None:
        super().__init__()
        self.options = SimulatorOptions(
            b2c_v1=True, b2c_tariff="registered", partial_reversal="do", out_seconds=0.5, question_seconds=0.5
        )
        self.faults, self.journal, feed = Faults(), Journal(10_000), EventLog()
        self.core = Core(self.options, random.Random(5), self.faults, self.journal, feed)
        self.provider = Provider(self.core)
        self.conversations = Conversations(self.core)
        self.calls = calls_of(self.core, self.provider, self.conversations)
        self.now = _START
        self.core.organisation.set_balance(OrganisationAccount.UTILITY, 100_000_000, self.now)
        self.fresh = 0
        self.sent: list[PlannedCallback] = []
        self.acknowledged: list[Any] = []
        self.may_lie = False

    def _asked(self, path: str, **fields: Any) -> GatewayVerdict | EnvelopeError:
        """The answer to a request, under the first fault of a request that is on."""
        body = {
            "Initiator": "testapi",
            "InitiatorName": "testapi",
            "SecurityCredential": self.credential,
            "Remarks": "law",
            "QueueTimeOutURL": "http://shop.example/timeout",
            "ResultURL": "http://shop.example/result",
        }
        asked = ParsedRequest("POST", path, "", "application/json", {}, msgspec.json.encode(body | fields))
        call = self.calls[path]
        rule: FaultRule | None = self.faults.match(call.kinds, call.phone(asked), self.core.chance, path)
        verdict = call.answer(asked, rule, self.now)
        if isinstance(verdict, GatewayVerdict) and verdict.answer and verdict.answer.status == 200:
            self.acknowledged.append(msgspec.json.decode(verdict.answer.body))
        return verdict

    @rule(
        number=st.sampled_from((None, None, *_IDS)),
        msisdn=st.sampled_from(_PHONES),
        amount=st.sampled_from((9, 10, 101, 1_500, 20_000)),
        path=st.sampled_from((B2C_PATH, B2C_PATH, B2C_V1_PATH)),
    )
    def pay_out(self, number: str | None, msisdn: str, amount: int, path: str) -> None:
        """A payout under a new id, or under one that may have been used; then it is refused, unless a fault has it
        acknowledged."""
        self.fresh += 1
        number = number or f"new-{self.fresh}"
        was_used = self.conversations.of_originator(number) is not None
        may_pass = any(fault.kind in OUT_KINDS for fault in self.faults.all())
        verdict = self._asked(
            path,
            OriginatorConversationID=number,
            CommandID="BusinessPayment",
            Amount=amount,
            PartyA=self.options.shortcode,
            PartyB=msisdn,
        )
        if was_used and path == B2C_PATH and not may_pass:
            assert isinstance(verdict, EnvelopeError)
            assert (verdict.code, verdict.message) == ("500.002.1001", "Duplicate OriginatorConversationID.")

    @rule(msisdn=st.sampled_from(_PHONES), amount=st.sampled_from((10, 500, 3_000)))
    def take_payment(self, msisdn: str, amount: int) -> None:
        """A customer pays, at once."""
        url = "http://shop.example/cb"
        fields = PushFields("174379", "", "", PAYBILL, amount, "174379", msisdn, url, "BK-1")
        subscriber = self.core.subscribers.obtain(msisdn)
        assert subscriber is not None
        payment = self.provider.accept(fields, subscriber, self.now)
        if payment.prompt is not None:
            self.provider.answer(payment.prompt.id, "1234", self.now)

    @rule(place=st.integers(0, 20), part=st.booleans(), made_up=st.booleans())
    def reverse(self, place: int, part: bool, made_up: bool) -> None:
        """A reversal of a payment, of a payout, or of nothing; of the whole or of a shilling."""
        known = [charge.receipt for charge in self.journal.charges] + [each.receipt for each in self.journal.payouts]
        receipt = "MADEUP0001" if made_up or not known else known[place % len(known)]
        paid = self.journal.payment_of(receipt)
        amount = 1 if part or paid is None else paid.cents // 100
        self._asked(
            REVERSAL_PATH,
            CommandID="TransactionReversal",
            TransactionID=receipt,
            Amount=amount,
            ReceiverParty=self.options.shortcode,
            RecieverIdentifierType="11",
        )

    @rule(place=st.integers(0, 20))
    def reverse_in_the_portal(self, place: int) -> None:
        """An operator reverses a payment, if it can be."""
        for charge in list(self.journal.charges)[place : place + 1]:
            with suppress(Unbookable):
                self.core.reverse(charge.receipt, self.now)

    @rule(number=st.sampled_from(_IDS))
    def ask(self, number: str) -> None:
        """A question about an id; no question moves money."""
        self._asked(
            STATUS_PATH,
            CommandID="TransactionStatusQuery",
            OriginalConversationID=number,
            PartyA=self.options.shortcode,
            IdentifierType="4",
        )

    @rule(
        kind=st.one_of(st.sampled_from(_OFTEN), st.sampled_from(OUT_KINDS)),
        count=st.integers(1, 2),
        msisdn=st.sampled_from((None, None, *_PHONES)),
    )
    def break_it(self, kind: FaultKind, count: int, msisdn: str | None) -> None:
        """A fault of money out."""
        if len(self.faults.all()) < 20:
            self.faults.add(kind, count=count, msisdn=msisdn)
            self.may_lie |= kind in _OUT_OF_HAND

    @rule(cents=st.sampled_from((100_000_000, 10_000_000, 100_000, 0)))
    def set_funds(self, cents: int) -> None:
        """The utility account holds so much from now on."""
        self.core.organisation.set_balance(OrganisationAccount.UTILITY, cents, self.now)

    @rule(span=st.sampled_from((5.0, 0.5, 90.0)))
    def wait(self, span: float) -> None:
        """Time passes."""
        self.now += seconds(span)
        self.sent += [each for each in self.core.take_due(self.now) if each.kind != "callback"]

    # What holds

    @invariant()
    def no_id_is_paid_twice(self) -> None:
        """One payout for each OriginatorConversationID and for each ConversationID, one reversal for each payment, and
        no receipt twice."""
        payouts, reversals = self.journal.payouts, self.journal.reversals
        for found in (
            [each.originator_conversation_id for each in payouts],
            [each.conversation_id for each in payouts],
            [each.original_receipt for each in reversals],
            [
                *(p.receipt for p in payouts),
                *(r.receipt for r in reversals),
                *(c.receipt for c in self.journal.charges),
            ],
        ):
            assert len(set(found)) == len(found)

    @invariant()
    def money_is_conserved(self) -> None:
        """Each phone has what was put in, less what it paid, and what came back and came in."""
        came: Counter[str] = Counter()
        payers = {charge.receipt: charge.msisdn for charge in self.journal.charges}
        for payout in self.journal.payouts:
            came[payout.msisdn] += payout.amount_cents
        for entry in self.journal.reversals:
            came[payers[entry.original_receipt]] += entry.amount_cents
        for charge in self.journal.charges:
            came[charge.msisdn] -= charge.amount_cents + charge.cost_cents
        for phone in self.core.subscribers.all():
            assert phone.balance_cents == phone.deposited_cents + came[phone.msisdn] >= 0

    @invariant()
    def the_accounts_are_their_movements(self) -> None:
        """Payouts and their charges are rows of the utility account, which is never in debt."""
        balance = 0
        for row in self.journal.movements:
            if row.account is OrganisationAccount.UTILITY:
                balance += row.cents
                assert row.balance_cents == balance >= 0
        paid = [(row.receipt, -row.cents) for row in self.journal.movements if row.kind is MovementKind.PAYOUT]
        assert paid == [(each.receipt, each.amount_cents) for each in self.journal.payouts]
        costs = [-row.cents for row in self.journal.movements if row.kind is MovementKind.PAYOUT_CHARGE]
        assert costs == [each.cost_cents for each in self.journal.payouts if each.cost_cents]

    @invariant()
    def a_result_says_what_happened(self) -> None:
        """0 only of what the journal has, with its receipt; amount and recipient too, unless a fault has them wrong."""
        truth = {each.conversation_id: each for each in self.journal.payouts}
        reversed_ = {each.conversation_id: each for each in self.journal.reversals}
        for delivery in self.sent:
            conversation = self._of(delivery)
            if delivery.kind == "timeout notice" or not conversation.errand.moves_money:
                continue
            told = msgspec.json.decode(delivery.body)["Result"]
            assert told["ConversationID"] == conversation.conversation_id
            assert told["OriginatorConversationID"] == conversation.originator_conversation_id
            if told["ResultCode"] == 0:
                entry = truth.get(delivery.reference) or reversed_[delivery.reference]
                assert told["TransactionID"] == entry.receipt
                amount = told["ResultParameters"]["ResultParameter"][0 if entry in truth.values() else 1]["Value"]
                assert self.may_lie or amount * 100 == entry.amount_cents

    def _of(self, delivery: PlannedCallback) -> Conversation:
        found = self.conversations.named(delivery.reference)
        assert found is not None
        return found

    @invariant()
    def a_code_that_ends_it_is_true(self) -> None:
        """What was declined has moved nothing: 15, 100000000 and R000001 are the only failures beside money."""
        moved = {payout.conversation_id for payout in self.journal.payouts}
        moved |= {reversal.conversation_id for reversal in self.journal.reversals}
        for delivery in self.sent:
            if delivery.kind == "result":
                code = msgspec.json.decode(delivery.body)["Result"]["ResultCode"]
                assert code in (0, 15, 100000000) or delivery.reference not in moved

    @invariant()
    def results_are_few(self) -> None:
        """At most three of one request (it waits, and its Result comes twice), and one timeout notice."""
        each = Counter((delivery.reference, delivery.kind) for delivery in self.sent)
        assert all(count <= (1 if kind == "timeout notice" else 3) for (_, kind), count in each.items())

    @invariant()
    def acknowledgements_are_unlike(self) -> None:
        """Every ConversationID is new."""
        made = [each["ConversationID"] for each in self.acknowledged]
        assert len(set(made)) == len(made)

    def teardown(self) -> None:
        """In the end every request has ended, and each that was paid can be asked about."""
        self.faults.clear()
        self.wait(10_000)
        assert all(each.has_ended for each in self.conversations.all())
        assert self.core.next_due() is None
        self.no_id_is_paid_twice()
        self.money_is_conserved()
        self.the_accounts_are_their_movements()
        self.a_result_says_what_happened()
        self.a_code_that_ends_it_is_true()
        for payout in self.journal.payouts:
            self.ask(payout.originator_conversation_id)
            self.wait(2)
            told = msgspec.json.decode(self.sent[-1].body)["Result"]
            values = {item["Key"]: item.get("Value") for item in told["ResultParameters"]["ResultParameter"]}
            assert (values["TransactionStatus"], values["ReceiptNo"]) == ("Completed", payout.receipt)
            assert told["OriginatorConversationID"] == payout.originator_conversation_id


TestMoneyOut = MoneyOutMachine.TestCase
TestMoneyOut.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
