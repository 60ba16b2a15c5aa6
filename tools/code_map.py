"""The map of the code and the tree of errors, made from the import contracts, the docstrings and the classes."""

import ast
import importlib
import pkgutil
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pokea
from pokea.errors import PokeaError

HOUSE: Final = Path(__file__).parent.parent
SOURCE: Final = HOUSE / "src" / "pokea"
_WIDTH: Final = 120
_NAME_WIDTH: Final = 20
_ERROR_WIDTH: Final = 22


def code_map() -> str:
    """A line for each room and module of the house, from the top floor down, as the import contracts have them."""
    lines = ["src/pokea/"]
    for floor in floors():
        for name in floor:
            shown = f"{name}/" if (SOURCE / name).is_dir() else f"{name}.py"
            first, *more = textwrap.wrap(_first_sentence(_docstring_of(name)), _WIDTH - _NAME_WIDTH - 2)
            lines.append(f"  {shown:<{_NAME_WIDTH}}{first}")
            lines.extend(" " * (_NAME_WIDTH + 2) + line for line in more)
    return "\n".join(lines)


def floors() -> list[list[str]]:
    """The names of each floor, from the top down; none of them imports from a floor above its own."""
    contracts = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    house, *others = [each for each in contracts["contracts"] if each["type"] == "layers"]
    found = [_names(layer) for layer in house["layers"]]
    for name in house.get("exhaustive_ignores", ()):
        _insert(found, name, others)
    return [floor for floor in found if floor != ["__main__"]]


def error_tree() -> str:
    """The classes of errors, each under the one that it is a kind of, with the first sentence of its docstring."""
    for module in pkgutil.walk_packages(pokea.__path__, "pokea."):
        is_server = not module.name.startswith(("pokea.client", "pokea.testing"))
        if is_server and "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return "\n".join(f"    {line}" for line in ["PokeaError", *_branches(PokeaError, "")])


def _branches(parent: type, indent: str) -> Iterator[str]:
    children: list[type] = sorted(
        parent.__subclasses__(), key=lambda each: (each.__module__ != parent.__module__, each.__name__)
    )
    for child in children:
        is_last = child is children[-1]
        head = f"{indent}{'└──' if is_last else '├──'} {child.__name__}"
        below = indent + ("    " if is_last else "│   ")
        first, *more = textwrap.wrap(_first_sentence(child.__doc__ or ""), _WIDTH - _ERROR_WIDTH - 5)
        yield f"{head:<{_ERROR_WIDTH}} {first}"
        yield from (f"{below:<{_ERROR_WIDTH}} {line}" for line in more)
        yield from _branches(child, below)


def _names(layer: str) -> list[str]:
    return [name.strip(" ()") for name in layer.split(":")]


def _insert(found: list[list[str]], name: str, contracts: list[dict[str, Any]]) -> None:
    """Put a room with a contract of its own above the floor that this contract puts below it, or else at the end: it
    stands beside the others."""
    for contract in contracts:
        layers = [_names(layer) for layer in contract["layers"]]
        if [name] in layers[:-1]:
            below = layers[layers.index([name]) + 1]
            found.insert(next(at for at, floor in enumerate(found) if set(below) & set(floor)), [name])
            return
    found.append([name])


def _docstring_of(name: str) -> str:
    file = SOURCE / name / "__init__.py" if (SOURCE / name).is_dir() else SOURCE / f"{name}.py"
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    sentence = re.split(r"(?<=[a-z)`])\. ", paragraph)[0].rstrip(".")
    return re.sub(r" \(law [^)]*\)$", "", sentence)
