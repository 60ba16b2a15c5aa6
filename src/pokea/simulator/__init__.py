"""Daraja at home: Safaricom's wire format, phones with balances, a journal of the truth, and every known fault."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pokea.simulator.options import SimulatorOptions

if TYPE_CHECKING:
    from pokea.simulator.server import Simulator

__all__ = ["Simulator", "SimulatorOptions"]


def __getattr__(name: str) -> Any:
    # The server brings a web framework, which a command that only reads the options does not wait for.
    if name != "Simulator":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return import_module("pokea.simulator.server").Simulator
