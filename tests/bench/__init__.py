"""The bench measures what it says: its loads, its tables, and the payments that it makes."""
