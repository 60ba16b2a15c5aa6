"""Breaks a copy of the code and lets universes run on it until one of them notices."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutations.mutation import Mutation

SOURCE: Final = Path(__file__).parents[2] / "src"
_HUNTER: Final = Path(__file__).with_name("hunter.py")
_LONGEST_SECONDS: Final = 3_600


class Stale(Exception):
    """An edit does not fit the code as it is now."""


class Hunt(NamedTuple):
    """What became of one mutation. `seed` None: it survived all these universes."""

    mutation: Mutation
    seed: int | None
    universes: int
    rules: Sequence[str]
    where: str


def break_copy(mutation: Mutation, folder: Path) -> Path:
    """A copy of the source in `folder` with the mutation in it. Raises Stale."""
    tree = folder / mutation.name
    shutil.copytree(SOURCE, tree, ignore=shutil.ignore_patterns("__pycache__", "pages"))
    for edit in mutation.edits:
        file = tree / "pokea" / edit.file
        text = file.read_text(encoding="utf-8")
        if text.count(edit.before) != 1:
            raise Stale(f"{mutation.name}: {edit.file} has this {text.count(edit.before)} times:\n{edit.before}")
        file.write_text(text.replace(edit.before, edit.after), encoding="utf-8")
    return tree


def hunt(mutation: Mutation, first_seed: int, count: int) -> Hunt:
    """Run universes on the broken code, seeds counting up, until a rule breaks or `count` have found nothing.

    Raises Stale; and RuntimeError when the broken code does not even run, since that shows nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = break_copy(mutation, Path(folder))
        done = subprocess.run(
            [
                sys.executable,
                str(_HUNTER),
                str(first_seed),
                str(count),
                *(str(int(each)) for each in (mutation.money_out, mutation.webhooks)),
            ],
            env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{mutation.name} does not run:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout)
    rules = list(dict.fromkeys(rule for rule, _ in found["violations"]))
    where = found["violations"][0][1].splitlines()[0] if rules else ""
    return Hunt(mutation, found["seed"], found["universes"], rules, where)


def hunt_all(mutations: Sequence[Mutation], first_seed: int, count: int, processes: int) -> Iterator[Hunt]:
    """Every mutation, several at a time, each told in its turn."""
    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(lambda mutation: hunt(mutation, first_seed, count), mutations)
