"""Safaricom's Daraja API as data, and the one client that speaks it."""
