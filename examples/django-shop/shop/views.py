from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from pokea.client import CallRefused
from pokea.client.django.apps import pokea
from pokea.client.django.signals import payment_completed, payment_failed
from shop.models import Order

FORM = """<form method="post" action="/orders"><input type="hidden" name="csrfmiddlewaretoken" value="{}">
M-PESA number <input name="phone"> <button>Book for KES 500</button></form>"""


def shop(request: HttpRequest) -> HttpResponse:
    return HttpResponse(format_html(FORM, get_token(request)))


@require_POST
def new_order(request: HttpRequest) -> HttpResponse:
    booking = pokea().bookings.create("Plumbing", amount=500)
    order = Order.objects.create(booking_id=booking.id)
    try:
        pokea().payments.push(booking, request.POST["phone"], idempotency_key=f"order-{order.pk}")
    except CallRefused as refused:
        order.delete()
        return HttpResponse(refused.message, status=400)
    return redirect("order", order.pk)


def order(request: HttpRequest, number: int) -> HttpResponse:
    found = get_object_or_404(Order, pk=number)
    return HttpResponse(format_html("Order {} is {}. {}", found.pk, found.status, found.receipt))


@receiver(payment_completed)
def paid(event, **kwargs):
    Order.objects.filter(booking_id=event.data.booking_id).update(status="paid", receipt=event.data.receipt or "")


@receiver(payment_failed)
def not_paid(event, **kwargs):
    Order.objects.filter(booking_id=event.data.booking_id, status="waiting").update(status="not paid")
