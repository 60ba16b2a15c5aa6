"""A running service and a running simulator for each test that asks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.service.running import Program, ServiceProgram, SimulatorProgram, new_service, new_simulator

StartService: TypeAlias = Callable[..., ServiceProgram]
StartSimulator: TypeAlias = Callable[..., SimulatorProgram]


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """Every process of the test, ended when it is over."""
    started: list[Program] = []
    yield started
    for program in reversed(started):
        program.close()


@pytest.fixture
def start_simulator(tmp_path: Path, programs: list[Program]) -> StartSimulator:
    """Starts a simulator with options."""

    def start(*options: str) -> SimulatorProgram:
        simulator = new_simulator(tmp_path, *options)
        programs.append(simulator)
        simulator.start()
        return simulator

    return start


@pytest.fixture
def simulator(start_simulator: StartSimulator) -> SimulatorProgram:
    """A running simulator."""
    return start_simulator()


@pytest.fixture
def start_service(
    tmp_path: Path, database_url: str, simulator: SimulatorProgram, programs: list[Program]
) -> StartService:
    """Starts a service on the test's database with options and settings."""

    def start(*options: str, **settings: str) -> ServiceProgram:
        service = new_service(tmp_path, database_url, simulator.url, *options, **settings)
        programs.append(service)
        service.start()
        return service

    return start


@pytest.fixture
def service(start_service: StartService) -> ServiceProgram:
    """A running service beside the running simulator."""
    return start_service()
