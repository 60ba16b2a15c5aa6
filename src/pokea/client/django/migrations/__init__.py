"""The migrations of the app's one table."""
