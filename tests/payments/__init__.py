"""Payments: pushes, limits, history."""
