"""The history of payments."""
