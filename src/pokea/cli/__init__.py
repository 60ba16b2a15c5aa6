"""The commands, one file each."""

from pokea.cli.program import main

__all__ = ["main"]
