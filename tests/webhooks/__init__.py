"""Webhooks: endpoints, signatures, addresses, and the queue."""
