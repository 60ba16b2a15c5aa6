"""The tests, by what they touch."""
