"""M-PESA's side of a push: prompts, PINs, money, and the callbacks that are due. No I/O; the time is passed in."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from pokea.clock import Instant, seconds
from pokea.money import CENTS
from pokea.simulator import callbacks, results, texts
from pokea.simulator.callbacks import PlannedCallback
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind
from pokea.simulator.handset import ACTS_BY_ITSELF, Behaviour, Charge, HandsetPrompt, Subscriber, outcome
from pokea.simulator.identifiers import checkout_request_id, merchant_request_id
from pokea.simulator.journal import Party
from pokea.simulator.messages import message_after, prompt_document
from pokea.simulator.tariffs import cost_of
from pokea.simulator.validation import TILL, PushFields

_DOWNSTREAM_SECONDS: Final = 1.0
"""How long M-PESA takes to refuse what Daraja had accepted (no source: ours)."""
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
    """The payments that were pushed, and the prompts on the phones."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._options = core.options
        self._payments: dict[str, PushedPayment] = {}
        self._open_prompts: dict[str, PushedPayment] = {}

    def find(self, checkout_request_id: str) -> PushedPayment | None:
        """The payment of that id, while it is kept."""
        return self._payments.get(checkout_request_id)

    def payments(self) -> list[PushedPayment]:
        """Every payment that is kept, oldest first."""
        return list(self._payments.values())

    def locked(self, msisdn: str) -> bool:
        """Whether the phone is busy with another payment."""
        subscriber = self._core.subscribers.find(msisdn)
        return subscriber is not None and subscriber.busy_with is not None

    def accept(self, fields: PushFields, subscriber: Subscriber, now: Instant, unheard: bool = False) -> PushedPayment:
        """The push is accepted: the prompt goes to the phone, unless something downstream stops it."""
        number = self._core.next_number()
        checkout = checkout_request_id(fields.msisdn, now, self._core.chance, self._options, self._payments)
        payment = PushedPayment(number, checkout, merchant_request_id(number, self._core.chance), fields, now, unheard)
        self._make_room()
        self._payments[checkout] = payment
        if unheard:
            return payment
        self._decide_callback_at_push(payment, now)
        account = None if fields.transaction_type == TILL else fields.account_reference
        text = texts.prompt_text(fields.amount_shillings, self._options.organisation, account)
        refusal = self._refused_downstream(fields, subscriber, text)
        if refusal is not None:
            self._plan_end(payment, refusal, now + seconds(_DOWNSTREAM_SECONDS))
            return payment
        subscriber.busy_with = checkout
        if subscriber.behaviour is Behaviour.UNREACHABLE:
            due = now + seconds(self._options.unreachable_query_seconds)
            self._plan_end(payment, results.NO_RESPONSE, due)
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
        self._core.feed.add("prompt", now, prompt=prompt_document(payment.prompt))
        self._plan_end(payment, results.NO_RESPONSE, expires_at)
        if subscriber.behaviour in ACTS_BY_ITSELF:
            due = now + seconds(subscriber.delay_seconds)
            self._core.agenda.plan(due, partial(self._answer_by_itself, payment))

    def _refused_downstream(self, fields: PushFields, subscriber: Subscriber, text: str) -> str | None:
        paid_to = self._options.till if fields.transaction_type == TILL else self._options.shortcode
        if fields.party_b != paid_to or (fields.transaction_type != TILL and fields.shortcode != paid_to):
            return self._options.wrong_pairing
        if len(text) > texts.LONGEST_PROMPT:
            return results.PROMPT_TOO_LONG
        return results.LOCKED if subscriber.busy_with is not None else None

    def _decide_callback_at_push(self, payment: PushedPayment, now: Instant) -> None:
        rule = self._core.faults.match(callbacks.AT_PUSH, payment.fields.msisdn, self._core.chance)
        standing = callbacks.STANDING.get(self._options.callback_order)
        kind = rule.kind if rule else standing
        if rule:
            self._core.faults.spend(rule)
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
        if payment.code is not None:
            return
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
        subscriber = self._core.subscribers.find(payment.fields.msisdn)
        assert subscriber is not None  # noqa: S101  # a phone is never forgotten
        return subscriber

    # The end of a payment

    def _plan_end(self, payment: PushedPayment, code: str, due: Instant) -> None:
        self._core.agenda.plan(due, partial(self._end_if_open, payment, code))

    def _end_if_open(self, payment: PushedPayment, code: str, now: Instant) -> None:
        if payment.code is None:
            self._end(payment, code, now)

    def _end(self, payment: PushedPayment, code: str, now: Instant) -> None:
        assert payment.code is None  # noqa: S101  # an end is final, and money moves once
        payment.code = code
        subscriber = self._subscriber(payment)
        if subscriber.busy_with == payment.checkout_request_id:
            subscriber.busy_with = None
        if payment.prompt is not None:
            del self._open_prompts[payment.prompt.id]
            self._core.feed.add("prompt_ended", now, id=payment.prompt.id, msisdn=subscriber.msisdn, resultCode=code)
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
            self._core.new_receipt(now),
            now,
            fields.party_b,
            cost.customer_cents,
        )
        subscriber.charge(payment.charge)
        self._core.journal.charges.append(payment.charge)
        payer = Party(subscriber.msisdn, subscriber.name)
        reference = "" if at_till else fields.account_reference
        self._core.organisation.receive(payment.charge, payer, reference, cost.business_cents, at_till=at_till)

    def _message(self, payment: PushedPayment, subscriber: Subscriber, now: Instant) -> None:
        message = message_after(payment.code, payment.charge, payment.fields, subscriber, now, self._options)
        if message is not None:
            self._core.text(subscriber, message)

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
            rule = self._core.faults.match(kinds, subscriber.msisdn, self._core.chance)
        kind = rule.kind if rule else callbacks.STANDING.get(self._options.callback_order)
        for at, truth in callbacks.plan(kind, rule.seconds if rule else None, due):
            code = results.NO_RESPONSE if truth == "no response" else payment.code or ""
            self._send(payment, at, code, truth)
        if rule:
            self._core.faults.spend(rule)
            self._core.feed.add("fault", now, kind=rule.kind, msisdn=subscriber.msisdn)

    def _send(self, payment: PushedPayment, due: Instant, code: str, truth: callbacks.CallbackContent = "true") -> None:
        charge = payment.charge if code == results.PAID else None
        told = callbacks.rendered(charge, truth, self._core.journal.charges) if charge else None
        ids = payment.merchant_request_id, payment.checkout_request_id
        body = callbacks.body(*ids, code, told, self._options)
        delivery = PlannedCallback(ids[1], payment.fields.callback_url, payment.fields.shortcode, body, due)
        self._core.agenda.send(delivery)

    def _make_room(self) -> None:
        """Forget the oldest payment that has ended, once as many are kept as may be."""
        if len(self._payments) < self._options.most_records:
            return
        for checkout, payment in self._payments.items():
            if payment.code is not None or payment.unheard:
                del self._payments[checkout]
                if payment.charge is not None:
                    self._core.forget_receipt(payment.charge.receipt)
                return
