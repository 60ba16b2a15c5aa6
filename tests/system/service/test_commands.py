"""The smaller commands, each as its own process."""

import json
from pathlib import Path

from tests.system.service.running import command


def test_explain_says_what_a_code_means_without_any_setting(tmp_path: Path) -> None:
    """A known code is explained with exit code 0, for people and as JSON."""
    done = command(tmp_path, {}, "explain", "1032")
    assert done.returncode == 0
    assert "No money moved, for certain." in done.stdout
    report = json.loads(command(tmp_path, {}, "explain", "1032", "--json").stdout)
    assert report["meanings"][0]["customer_sw"]


def test_explain_says_that_it_does_not_know(tmp_path: Path) -> None:
    """An unknown code is exit code 1, with those that look like it."""
    done = command(tmp_path, {}, "explain", "10322")
    assert done.returncode == 1
    assert "10322 is not known" in done.stdout
    assert "1032" in done.stdout.partition("alike")[2]
