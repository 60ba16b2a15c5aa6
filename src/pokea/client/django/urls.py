"""The address of the webhooks: `path("pokea/", include("pokea.client.django.urls"))` makes it `/pokea/webhook`."""

from django.urls import path

from pokea.client.django.views import webhook

urlpatterns = [path("webhook", webhook, name="pokea-webhook")]
