"""Pokea for anyone's test suite: a real service and a real simulated Daraja, in one process beside the tests.

    pytest_plugins = ["pokea.testing.fixtures"]

    def test_an_order_is_paid(pokea):
        phone = pokea.new_phone("pay")
        booking = pokea.client.bookings.create("Plumbing", amount=500)
        pushed = pokea.client.payments.push(booking, phone)
        assert pokea.client.payments.wait(pushed.transaction_id).status == "completed"

The service starts once a session. No test sees another one's phones, and what faults a test has left on are switched
off after it. Without pytest, `local_pokea(folder)` is a context in which they run.
"""

from pokea.testing.asking import HttpAnswer, call, eventually
from pokea.testing.local import LocalPokea, local_pokea
from pokea.testing.programs import Program, SimulatorProgram, free_port, new_simulator
from pokea.testing.receiver import Receiver, SignedMessage, receiving, webhook_message

__all__ = [
    "HttpAnswer",
    "LocalPokea",
    "Program",
    "Receiver",
    "SignedMessage",
    "SimulatorProgram",
    "call",
    "eventually",
    "free_port",
    "local_pokea",
    "new_simulator",
    "receiving",
    "webhook_message",
]
