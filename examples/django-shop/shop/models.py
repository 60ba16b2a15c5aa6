from django.db import models


class Order(models.Model):
    booking_id = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=20, default="waiting")
    receipt = models.CharField(max_length=20, blank=True)
