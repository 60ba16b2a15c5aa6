"""The house rules hold in every file of this repository."""

import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.house import rules
from tools.client_code import CODE

HOUSE: Final = Path(__file__).parent.parent.parent
PYTHON_FOLDERS: Final = ("src", "tests", "tools", "bench", "examples")
CODE_SUFFIXES: Final = (".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".html", ".sh")
EDGES: Final = {
    "src/pokea/alerts/send.py": "gives alerts a thread of their own, in which Apprise waits",
    "src/pokea/client/surroundings.py": "is where the client takes clock, chance and pauses from",
    "src/pokea/clock.py": "is where the time comes from",
    "src/pokea/courier.py": "resolves names for webhooks, and connects to what it has judged",
    "src/pokea/ids.py": "is where ids come from",
    "src/pokea/app.py": "builds everything, and brings chance to it",
    "src/pokea/cli/counting.py": "names the folder in which several processes count",
    "src/pokea/settings.py": "reads the environment of the process",
    "src/pokea/cli/demo.py": "makes the secrets of a demo",
    "src/pokea/cli/doctor.py": "seals the token that it fetches",
    "src/pokea/cli/doctor_out.py": "names its questions, and seals the token that it fetches",
    "src/pokea/cli/listen.py": "makes the secret with which it signs",
    "src/pokea/cli/serving.py": "opens the socket that it serves on",
    "src/pokea/cli/universe.py": "shares universes among processes",
    "src/pokea/cli/worker.py": "ends with the process that began it",
    "src/pokea/testing/asking.py": "waits for what real programs do",
    "src/pokea/testing/programs.py": "starts real programs on free ports",
    "src/pokea/testing/receiver.py": "is a small real server, and signs at the machine's time",
    "src/pokea/universe/sandbox.py": "takes the machine's clock and chance away from a universe",
    "src/pokea/storage/attempts.py": "is what a thread and the event loop share of a transaction",
    "src/pokea/storage/database.py": "runs what blocks in threads, where no universe is",
    "src/pokea/storage/engines.py": "breaks a driver's connection, which may hang",
    "src/pokea/storage/migrate.py": "runs before the service does, and waits for a lock",
}
"""The only modules that may take clock, chance, threads or network from Python, each with its reason."""
TESTS_TO_SOURCE: Final = 0.98
"""Lines of test to a line of source, as they are. It may not fall: what comes brings its tests. 1.3 is wanted."""
ASSERTED_TESTS: Final = 2400
"""Tests that can fail by what they find, as they are. A test is taken out together with what it tested, and then this
number is lowered in the same change, which says why."""
_MOST_BEHIND: Final = 1.2
"""Both bars are raised before they are a fifth behind, or a fifth of the tests could vanish unnoticed."""


@cache
def _files() -> dict[str, str]:
    """Every file that is tracked or about to be, with its text; binary files are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    found = {}
    for name in filter(None, listed):
        content = (HOUSE / name).read_bytes() if (HOUSE / name).is_file() else b"\0"
        if b"\0" not in content:
            found[name] = content.decode()
    return found


def _python(*folders: str) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in _files().items() if name.endswith(".py") and name.split("/")[0] in folders)


def _expect_none(complaints: Iterable[str]) -> None:
    found = list(complaints)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_functions_are_short() -> None:
    """No function has more than 50 lines."""
    _expect_none(f"{n}: {c}" for n, text in _python(*PYTHON_FOLDERS) for c in rules.long_functions(text))


def test_files_are_short() -> None:
    """No file of code that is written by hand has more than 400 lines, in whatever language."""
    made = {*CODE, "web/client/src/schema.ts"}
    code = ((name, text) for name, text in _files().items() if name.endswith(CODE_SUFFIXES) and name not in made)
    _expect_none(f"{n}: {c}" for n, text in code for c in rules.long_file(text))


def test_names_say_something() -> None:
    """No module and no class is a helper, a manager, or common."""
    _expect_none(f"{n}: {c}" for n, text in _python(*PYTHON_FOLDERS) for c in rules.empty_names(n, text))


def test_clock_chance_threads_and_network_are_passed_in() -> None:
    """Only the edges take time, chance, threads and network from Python; everything else is given them."""
    inside = ((name, text) for name, text in _python("src") if name not in EDGES)
    _expect_none(f"{n}: {c}" for n, text in inside for c in rules.not_given(text))


@pytest.mark.parametrize("edge", EDGES)
def test_every_edge_is_still_one(edge: str) -> None:
    """A module that no longer needs its exception loses it."""
    assert edge in _files(), f"{edge} is gone"
    assert list(rules.not_given(_files()[edge])) != []


def test_nothing_of_ours_is_mocked() -> None:
    """Tests run the real thing, or a small real server."""
    _expect_none(f"{n}: {c}" for n, text in _python("tests") for c in rules.mocks(text))


def test_every_test_says_what_holds() -> None:
    """Each test's docstring is a sentence."""
    _expect_none(f"{n}: {c}" for n, text in _python("tests") for c in rules.untold_tests(text))


def test_everything_public_is_described() -> None:
    """Public modules, classes and functions have docstrings."""
    _expect_none(f"{n}: {c}" for n, text in _python("src", "tools", "bench") for c in rules.untold_names(text))


def test_whoever_silences_a_check_says_why() -> None:
    """A reason stands beside each silenced lint or type."""
    _expect_none(f"{n}: {c}" for n, text in _python(*PYTHON_FOLDERS) for c in rules.silent_silencing(text))


def test_files_name_no_machine_and_no_registry() -> None:
    """What is committed works anywhere: no path of one machine, no registry's address, and no emoji."""
    _expect_none(f"{n}: {c}" for n, text in _files().items() for c in rules.forbidden_text(text))


def test_there_is_enough_test() -> None:
    """Lines of test to a line of source are no fewer than they were, and the bar is close behind them; modules that are
    made from others are no source."""
    shipped = dict(_python("src"))
    for_tests = {file: text for file, text in shipped.items() if file.startswith("src/pokea/testing/")}
    source = rules.code_lines(text for file, text in shipped.items() if file not in CODE and file not in for_tests)
    tests = rules.code_lines([*(text for _, text in _python("tests")), *for_tests.values()])
    expect_at_the_bar("TESTS_TO_SOURCE", tests / source, TESTS_TO_SOURCE)


def test_no_test_has_vanished() -> None:
    """Tests that can fail by what they find are no fewer than they were, and the bar is close behind them."""
    found = sum(len(rules.asserted_tests(text)) for _, text in _python("tests"))
    expect_at_the_bar("ASSERTED_TESTS", found, ASSERTED_TESTS)


def expect_at_the_bar(name: str, reached: float, bar: float) -> None:
    """What is reached stands at the bar or little above it."""
    assert reached >= bar, f"{name} is {bar}, and {reached:.4g} are left"
    assert reached <= bar * _MOST_BEHIND, f"{reached:.4g} are reached: raise {name} from {bar}"
