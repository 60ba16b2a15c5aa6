"""The code broken on purpose, one way after another: the universes must notice each (issue 4)."""
