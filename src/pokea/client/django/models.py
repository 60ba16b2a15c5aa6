"""The events that were handled, so that none is handled twice."""

from django.db import models


class HandledEvent(models.Model):
    """An event whose receivers ran, kept in their transaction."""

    id = models.CharField(primary_key=True, max_length=100)
    handled_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Its table."""

        db_table = "pokea_handled_event"
