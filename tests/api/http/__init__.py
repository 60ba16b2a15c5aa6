"""Tests of a connection and its calls."""
