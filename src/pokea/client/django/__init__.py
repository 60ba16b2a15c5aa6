"""A Django app: settings, a view for webhooks with signals, and the checkout as a template tag.

    INSTALLED_APPS = [..., "pokea.client.django"]
    POKEA_URL = "https://pay.example.com"
    POKEA_TOKEN = ...                  # or POKEA_JWT_SECRET, with which tokens are signed as they are needed
    POKEA_WEBHOOK_SECRET = "whsec_…"   # or a list, while it is rotated

    urlpatterns = [..., path("pokea/", include("pokea.client.django.urls"))]

    @receiver(payment_completed)
    def paid(event, **kwargs):
        Order.objects.filter(booking_id=event.data.booking_id).update(paid=True)

An event that comes twice is handled once: its id is kept in the transaction in which the receivers run.
"""
