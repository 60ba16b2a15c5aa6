"""Daraja at home: Safaricom's wire format, phones with balances, a journal of the truth, and every known fault."""

from pokea.simulator.options import SimulatorOptions
from pokea.simulator.server import Simulator

__all__ = ["Simulator", "SimulatorOptions"]
