"""Statements: read, refused, matched, and what follows from what they do not show."""
