"""`pokea simulate`: the simulator alone."""

import sys
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any, Literal

import typer
from typer.core import TyperCommand

from pokea.addresses import listening_address
from pokea.cli.logging_setup import log_to_stderr
from pokea.simulator.options import Switch, switches

HELP = """Run a Daraja of your own, with phones and faults, until Ctrl-C.

It speaks Daraja's wire format on its own paths, for anyone's integration in any language. Phones are at /sim, the API
for tests is at /sim/api (docs/simulator.md). Its journal lasts as long as it runs.
"""


class PlainCommand(TyperCommand):
    """A command whose help is a list and no table: of so many options a table cuts the names that are to be typed."""

    def format_help(self, *args: Any, **kwargs: Any) -> None:
        self.rich_markup_mode = None
        super().format_help(*args, **kwargs)


def command() -> Callable[..., None]:
    """The command, with an option for every switch of the simulator."""
    listening = [
        _option("host", str, typer.Option("127.0.0.1", help="Address to listen on.")),
        _option("port", int, typer.Option(8001, min=0, max=65535, help="Port to listen on; 0 for a free one.")),
    ]
    options = [*listening, *(_option_of(switch) for switch in switches())]

    def simulate(**values: Any) -> None:
        _simulate(**values)

    simulate.__doc__ = HELP
    simulate.__signature__ = Signature(options)  # type: ignore[attr-defined]  # what the switches make of it
    simulate.__annotations__ = {option.name: option.annotation for option in options}
    return simulate


def _option_of(switch: Switch) -> Parameter:
    kind = Literal[switch.choices] if switch.choices else switch.kind
    return _option(switch.name, kind, typer.Option(switch.default, help=switch.help))


def _option(name: str, kind: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _simulate(host: str, port: int, **values: Any) -> None:
    import uvloop

    from pokea.cli.serving import configuration, listening_socket, run_together
    from pokea.demo import open_simulator
    from pokea.errors import SettingsError
    from pokea.simulator.options import SimulatorOptions

    log_to_stderr()
    try:
        options = SimulatorOptions(**values)
    except ValueError as failure:
        raise SettingsError(str(failure)) from None
    listener = listening_socket(host, port)
    address = listening_address(host, listener.getsockname()[1])
    print(f"Daraja's stand-in listens on {address}\nPhones: {address}/sim", file=sys.stderr, flush=True)
    simulator = open_simulator(options)
    served = run_together([configuration(simulator.app, host, port)], [listener], simulator.release)
    sys.exit(uvloop.run(served))
