"""The view to which the service posts its webhooks."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from pokea.client import WebhookEvent, WebhookRefused, verify_webhook
from pokea.client.django.apps import config
from pokea.client.django.models import HandledEvent
from pokea.client.django.signals import BY_TYPE, event_received


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """204 once the receivers of the event ran, now or before; 400 for what is not proved to be the service's.

    What a receiver raises is answered as any other failure of a view: the service sends the event again.
    """
    try:
        event = verify_webhook(request.headers, request.body, config().webhook_secrets)
    except WebhookRefused as refusal:
        return HttpResponse(str(refusal), status=400, content_type="text/plain")
    with transaction.atomic():
        # Two deliveries of one event at once wait for each other at its key.
        if HandledEvent.objects.get_or_create(id=event.id)[1]:
            _announce(event)
    return HttpResponse(status=204)


def _announce(event: WebhookEvent) -> None:
    signal = BY_TYPE.get(event.type)
    if signal is not None:
        signal.send(sender=WebhookEvent, event=event)
    event_received.send(sender=WebhookEvent, event=event)
