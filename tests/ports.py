"""Ports for what tests start, so that no two of their processes are given the same one."""

from pokea.testing import free_port

__all__ = ["free_port"]
