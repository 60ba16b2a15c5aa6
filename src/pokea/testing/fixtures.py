"""The fixtures for pytest: `pytest_plugins = ["pokea.testing.fixtures"]`."""

from collections.abc import Iterator

import pytest

from pokea.testing.local import LocalPokea, local_pokea


@pytest.fixture(scope="session")
def pokea_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPokea]:
    """A service and a simulator for the whole session."""
    with local_pokea(tmp_path_factory.mktemp("pokea")) as running:
        yield running


@pytest.fixture
def pokea(pokea_service: LocalPokea) -> Iterator[LocalPokea]:
    """The service and the simulator, without the faults of other tests."""
    yield pokea_service
    pokea_service.simulator.api("DELETE", "/faults")
