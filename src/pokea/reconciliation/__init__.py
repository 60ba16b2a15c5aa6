"""Statements of M-PESA's organisation portal: read, matched to payments, reported. docs/statements.md explains it."""
