"""M-PESA's side of a push: prompts, PINs, money, and the callbacks that are due. No I/O; the time is passed in.

Everything that will happen by itself (a phone that answers, a prompt that ends, a callback that goes out) waits
in an agenda. `take_due` plays it up to an instant, each thing at its own time, and hands back what is to be sent.
"""

import random
from dataclasses import dataclass
from typing import Final

from pokea.clock import Instant, seconds
from pokea.money import CENTS, shillings_json
from pokea.simulator import callbacks, results, texts
from pokea.simulator.callbacks import PlannedCallback
from pokea.simulator.event_log import EventLog, LoggedBody, masked_url
from pokea.simulator.faults import FaultKind, Faults
from pokea.simulator.handset import (
    ACTS_BY_ITSELF,
    Behaviour,
    Charge,
    HandsetPrompt,
    SentText,
    Subscriber,
    Subscribers,
    outcome,
)
from pokea.simulator.identifiers import checkout_request_id, merchant_request_id, next_time_of_day, receipt
from pokea.simulator.journal import CallbackEntry, Journal, Movement, Party, ReversalEntry
from pokea.simulator.messages import message_after, message_document, prompt_document
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.organisation import Organisation, TakingsAccount
from pokea.simulator.tariffs import cost_of
from pokea.simulator.timers import TimerQueue
from pokea.simulator.validation import TILL, PushFields

_DOWNSTREAM_SECONDS: Final = 1.0
"""How long M-PESA takes to refuse what Daraja had accepted (no source: ours)."""
_ACCEPTED: Final = 2
_QUERY_AFTER_CALLBACK: Final = seconds(1)


@dataclass(slots=True)
class PushedPayment:
    """One accepted push, from the prompt to its end."""

    number: int
    checkout_request_id: str
    merchant_request_id: str
    fields: PushFields
    accepted_at: Instant
    unheard: bool = False
    """Accepted with a wrong password: nothing ever happens (daraja: push errors)."""
    prompt: HandsetPrompt | None = None
    code: str | None = None
    charge: Charge | None = None
    query_knows_at: Instant = 0
    early: bool = False
    """The push is not answered before the callback has been sent."""
    told_no_response_seconds: float | None = None
    """1037 has been said already; a success follows so long after the charge."""


class NoSuchPrompt(LookupError):
    """There is no prompt of that id, or it has ended already (`ended`)."""

    def __init__(self, ended: bool) -> None:
        super().__init__("The prompt has ended already." if ended else "There is no such prompt.")
        self.ended = ended


class Provider:
    """The state of M-PESA: phones, payments, and what is due."""

    def __init__(
        self, options: SimulatorOptions, chance: random.Random, faults: Faults, journal: Journal, feed: EventLog
    ):
        self._options = options
        self._chance = chance
        self._faults = faults
        self._journal = journal
        self._feed = feed
        self._payments: dict[str, PushedPayment] = {}
        self._open_prompts: dict[str, PushedPayment] = {}
        self._agenda = TimerQueue()
        self._receipts: dict[str, None] = {}
        self._numbers = chance.randrange(1_000, 100_000)
        self._sweep_is_planned = options.sweep_at == "off"
        self.subscribers = Subscribers(options)
        self.organisation = Organisation(options, journal, self._new_receipt)

    def find(self, checkout_request_id: str) -> PushedPayment | None:
        """The payment of that id, while it is kept."""
        return self._payments.get(checkout_request_id)

    def payments(self) -> list[PushedPayment]:
        """Every payment that is kept, oldest first."""
        return list(self._payments.values())

    def locked(self, msisdn: str) -> bool:
        """Whether the phone is busy with another payment."""
        subscriber = self.subscribers.find(msisdn)
        return subscriber is not None and subscriber.busy_with is not None

    def next_number(self) -> int:
        """A number for identifiers that count."""
        self._numbers += 1
        return self._numbers

    def accept(self, fields: PushFields, subscriber: Subscriber, now: Instant, unheard: bool = False) -> PushedPayment:
        """The push is accepted: the prompt goes to the phone, unless something downstream stops it."""
        number = self.next_number()
        checkout = checkout_request_id(fields.msisdn, now, self._chance, self._options, self._payments)
        payment = PushedPayment(number, checkout, merchant_request_id(number, self._chance), fields, now, unheard)
        self._make_room()
        self._payments[checkout] = payment
        if unheard:
            return payment
        self._decide_callback_at_push(payment, now)
        account = None if fields.transaction_type == TILL else fields.account_reference
        text = texts.prompt_text(fields.amount_shillings, self._options.organisation, account)
        refusal = self._refused_downstream(fields, subscriber, text)
        if refusal is not None:
            self._agenda.plan(now + seconds(_DOWNSTREAM_SECONDS), checkout, "end", refusal)
            return payment
        subscriber.busy_with = checkout
        if subscriber.behaviour is Behaviour.UNREACHABLE:
            due = now + seconds(self._options.unreachable_query_seconds)
            self._agenda.plan(due, checkout, "end", results.NO_RESPONSE)
        else:
            self._prompt(payment, subscriber, text, now)
        return payment

    def _prompt(self, payment: PushedPayment, subscriber: Subscriber, text: str, now: Instant) -> None:
        expires_at = now + seconds(self._options.prompt_seconds)
        fields = payment.fields
        payment.prompt = HandsetPrompt(
            f"prompt-{payment.number}",
            fields.msisdn,
            fields.amount_shillings,
            fields.party_b,
            fields.account_reference,
            payment.checkout_request_id,
            expires_at,
            text,
        )
        self._open_prompts[payment.prompt.id] = payment
        self._feed.add("prompt", now, prompt=prompt_document(payment.prompt))
        self._agenda.plan(expires_at, payment.checkout_request_id, "end", results.NO_RESPONSE)
        if subscriber.behaviour in ACTS_BY_ITSELF:
            due = now + seconds(subscriber.delay_seconds)
            self._agenda.plan(due, payment.checkout_request_id, "answer")

    def _refused_downstream(self, fields: PushFields, subscriber: Subscriber, text: str) -> str | None:
        paid_to = self._options.till if fields.transaction_type == TILL else self._options.shortcode
        if fields.party_b != paid_to or (fields.transaction_type != TILL and fields.shortcode != paid_to):
            return self._options.wrong_pairing
        if len(text) > texts.LONGEST_PROMPT:
            return results.PROMPT_TOO_LONG
        return results.LOCKED if subscriber.busy_with is not None else None

    def _decide_callback_at_push(self, payment: PushedPayment, now: Instant) -> None:
        rule = self._faults.match(callbacks.AT_PUSH, payment.fields.msisdn, self._chance)
        standing = callbacks.STANDING.get(self._options.callback_order)
        kind = rule.kind if rule else standing
        if rule:
            self._faults.spend(rule)
        if kind is FaultKind.CALLBACK_EARLY:
            payment.early = True
        elif kind is FaultKind.CALLBACK_THEN_SUCCESS:
            after = rule.seconds if rule else None
            (at_once, _), (late, _) = callbacks.plan(kind, after, now)
            payment.told_no_response_seconds = (late - at_once) / seconds(1)
            self._send(payment, at_once, results.NO_RESPONSE)

    # The phones

    def prompts(self, msisdn: str | None = None) -> list[HandsetPrompt]:
        """What is on the phones, oldest first; on one phone when `msisdn` is given."""
        shown = [payment.prompt for payment in self._open_prompts.values() if payment.prompt]
        return [prompt for prompt in shown if msisdn in (None, prompt.msisdn)]

    def answer(self, prompt_id: str, pin: str | None, now: Instant) -> str:
        """Type `pin` on the phone, or cancel with None; the ResultCode. Raises NoSuchPrompt."""
        payment = self._open_prompts.get(prompt_id)
        if payment is None:
            raise NoSuchPrompt(any(p.prompt and p.prompt.id == prompt_id for p in self._payments.values()))
        code = results.CANCELLED if pin is None else self._type(payment, pin, now)
        self._end(payment, code, now)
        return code

    def _type(self, payment: PushedPayment, pin: str, now: Instant) -> str:
        fields = payment.fields
        subscriber = self._subscriber(payment)
        cost = cost_of(fields.amount_shillings, self._options, at_till=fields.transaction_type == TILL)
        return outcome(
            subscriber,
            pin,
            fields.amount_shillings,
            fields.party_b,
            now,
            self._options,
            cost_cents=cost.customer_cents,
        )

    def _answer_by_itself(self, payment: PushedPayment, now: Instant) -> None:
        subscriber = self._subscriber(payment)
        match subscriber.behaviour:
            case Behaviour.CANCEL:
                code = results.CANCELLED
            case Behaviour.WRONG_PIN:
                code = results.WRONG_PIN
            case Behaviour.PAY | Behaviour.INSUFFICIENT:
                code = self._type(payment, subscriber.pin, now)
            case _:
                return  # The habit was changed while the prompt was open: now it waits for the phone.
        self._end(payment, code, now)

    def _subscriber(self, payment: PushedPayment) -> Subscriber:
        subscriber = self.subscribers.find(payment.fields.msisdn)
        assert subscriber is not None  # noqa: S101  # a phone is never forgotten
        return subscriber

    # The end of a payment

    def _end(self, payment: PushedPayment, code: str, now: Instant) -> None:
        assert payment.code is None  # noqa: S101  # an end is final, and money moves once
        payment.code = code
        subscriber = self._subscriber(payment)
        if subscriber.busy_with == payment.checkout_request_id:
            subscriber.busy_with = None
        if payment.prompt is not None:
            del self._open_prompts[payment.prompt.id]
            self._feed.add("prompt_ended", now, id=payment.prompt.id, msisdn=subscriber.msisdn, resultCode=code)
        if code == results.PAID:
            self._charge(payment, subscriber, now)
        self._message(payment, subscriber, now)
        self._tell(payment, subscriber, now)

    def _charge(self, payment: PushedPayment, subscriber: Subscriber, now: Instant) -> None:
        fields = payment.fields
        at_till = fields.transaction_type == TILL
        cost = cost_of(fields.amount_shillings, self._options, at_till=at_till)
        payment.charge = Charge(
            payment.checkout_request_id,
            subscriber.msisdn,
            fields.amount_shillings * CENTS,
            self._new_receipt(now),
            now,
            fields.party_b,
            cost.customer_cents,
        )
        subscriber.charge(payment.charge)
        self._journal.charges.append(payment.charge)
        payer = Party(subscriber.msisdn, subscriber.name)
        reference = "" if at_till else fields.account_reference
        self.organisation.receive(payment.charge, payer, reference, cost.business_cents, at_till=at_till)

    def _new_receipt(self, now: Instant) -> str:
        made = receipt(now, self._chance, self._receipts)
        self._receipts[made] = None
        if len(self._receipts) > 2 * self._options.most_records:
            del self._receipts[next(iter(self._receipts))]
        return made

    def _message(self, payment: PushedPayment, subscriber: Subscriber, now: Instant) -> None:
        message = message_after(payment.code, payment.charge, payment.fields, subscriber, now, self._options)
        if message is not None:
            self._text(subscriber, message)

    def _text(self, subscriber: Subscriber, message: SentText) -> None:
        subscriber.messages.append(message)
        self._feed.add("sms", message.at, msisdn=subscriber.msisdn, **message_document(message))

    def reverse(self, original_receipt: str, now: Instant) -> ReversalEntry:
        """A payment's money goes back to its customer, as when an operator of the portal reverses it.

        Raises Unbookable. What M-PESA charged for the payment stays charged (no source: ours).
        """
        entry = self.organisation.reverse(original_receipt, now)
        paid = self._journal.payment_of(original_receipt)
        subscriber = self.subscribers.find(paid.party.msisdn) if paid is not None and paid.party is not None else None
        assert subscriber is not None  # noqa: S101  # a phone is never forgotten
        subscriber.give_back(entry.amount_cents)
        self._feed.add("reversal", now, **entry.document())
        text = texts.reversal_message(
            entry.receipt, original_receipt, entry.amount_cents, now, subscriber.balance_cents
        )
        self._text(subscriber, SentText(now, text))
        return entry

    def _tell(self, payment: PushedPayment, subscriber: Subscriber, now: Instant) -> None:
        """Plan the callbacks, under the first fault that meets them, and when the query knows."""
        due = now
        if payment.code == results.NO_RESPONSE and payment.prompt is None:
            due = max(now, payment.accepted_at + seconds(self._options.unreachable_callback_seconds))
        callback_first = self._options.callback_order == "callback_first"
        payment.query_knows_at = due + _QUERY_AFTER_CALLBACK if callback_first else now
        if payment.told_no_response_seconds is not None:
            if payment.charge is not None:
                self._send(payment, now + seconds(payment.told_no_response_seconds), results.PAID)
            return
        rule = None
        if not payment.early:
            kinds = callbacks.AT_SUCCESS if payment.charge else callbacks.AT_END
            rule = self._faults.match(kinds, subscriber.msisdn, self._chance)
        kind = rule.kind if rule else callbacks.STANDING.get(self._options.callback_order)
        for at, truth in callbacks.plan(kind, rule.seconds if rule else None, due):
            code = results.NO_RESPONSE if truth == "no response" else payment.code or ""
            self._send(payment, at, code, truth)
        if rule:
            self._faults.spend(rule)
            self._feed.add("fault", now, kind=rule.kind, msisdn=subscriber.msisdn)

    def _send(self, payment: PushedPayment, due: Instant, code: str, truth: callbacks.CallbackContent = "true") -> None:
        charge = payment.charge if code == results.PAID else None
        told = callbacks.rendered(charge, truth, self._journal.charges) if charge else None
        ids = payment.merchant_request_id, payment.checkout_request_id
        body = callbacks.body(*ids, code, told, self._options)
        delivery = PlannedCallback(ids[1], payment.fields.callback_url, payment.fields.shortcode, body, due)
        self._agenda.plan(due, ids[1], "send", delivery=delivery)

    # Time

    def next_due(self) -> Instant | None:
        """When something happens next by itself."""
        return self._agenda.next_due()

    def take_due(self, now: Instant) -> list[PlannedCallback]:
        """Let everything happen that is due by `now`, in its order; the callbacks that go out."""
        sent = []
        if not self._sweep_is_planned:
            self._plan_sweep(now)
        while step := self._agenda.pop(now):
            payment = self._payments.get(step.checkout_request_id)
            if step.act == "sweep":
                self._sweep_for_the_night(step.due)
            elif step.delivery is not None:
                sent.append(step.delivery)
            elif payment is not None and payment.code is None:
                if step.act == "answer":
                    self._answer_by_itself(payment, step.due)
                else:
                    self._end(payment, step.code, step.due)
        return sent

    def _plan_sweep(self, now: Instant) -> None:
        self._sweep_is_planned = True
        self._agenda.plan(next_time_of_day(now, self._options.sweep_at), "", "sweep")

    def _sweep_for_the_night(self, now: Instant) -> None:
        for account in TakingsAccount:
            self.sweep(account, now)
        self._plan_sweep(now)

    def sweep(self, account: TakingsAccount, now: Instant) -> Movement | None:
        """What the account holds goes to the bank; its own row of that, None when it holds nothing."""
        swept = self.organisation.sweep(account, now)
        if swept is not None:
            self._feed.add("sweep", now, account=account, receipt=swept.receipt, amount=shillings_json(-swept.cents))
        return swept

    def sending(self, delivery: PlannedCallback) -> CallbackEntry:
        """The callback goes out now; the journal's entry, for its answer."""
        entry = self._journal.callback(delivery.checkout_request_id, delivery.url, delivery.due, delivery.body)
        shown = {"url": masked_url(delivery.url), "body": LoggedBody(delivery.body)}
        self._feed.add("callback", delivery.due, checkoutRequestId=delivery.checkout_request_id, **shown)
        return entry

    def sent(self, delivery: PlannedCallback, entry: CallbackEntry, status: int | None, now: Instant) -> None:
        """The callback was answered with `status`, or not at all; it is sent again if the options say so."""
        entry.status = status
        self._feed.add("callback_answered", now, checkoutRequestId=delivery.checkout_request_id, status=status)
        accepted = status is not None and status // 100 == _ACCEPTED
        if not accepted and delivery.attempt < self._options.callback_retries:
            due = delivery.due + seconds(self._options.callback_retry_seconds)
            again = delivery._replace(due=due, attempt=delivery.attempt + 1)
            self._agenda.plan(due, delivery.checkout_request_id, "send", delivery=again)

    def _make_room(self) -> None:
        """Forget the oldest payment that has ended, once as many are kept as may be."""
        if len(self._payments) < self._options.most_records:
            return
        for checkout, payment in self._payments.items():
            if payment.code is not None or payment.unheard:
                del self._payments[checkout]
                if payment.charge is not None:
                    self._receipts.pop(payment.charge.receipt, None)
                return
