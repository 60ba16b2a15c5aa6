"""The machinery of operations."""
