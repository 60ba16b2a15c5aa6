"""Pokea takes M-Pesa payments for bookings and is never wrong about whether the money came."""

__version__ = "0.1.0"
