"""Alerts: their rows, their sender, and where they can be seen."""
