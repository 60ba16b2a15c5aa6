"""Whole systems: services, browsers, chaos, universes."""
