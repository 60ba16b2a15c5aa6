"""The quick starts can be followed on a machine that has nothing: what they install is what they use."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

_HOUSE = Path(__file__).parents[2]
_PAGES = sorted((_HOUSE / "docs/quickstart").glob("*.md"))
_INSTALLS = re.compile(r'pip install "?pokea(?:\[(\w+)\])?"?$', re.MULTILINE)
_FILE = re.compile(r"`([\w./-]+)\.py`:\n\n```python\n(.*?)```", re.DOTALL)


def imported(code: str) -> Iterator[str]:
    """The packages that a file imports."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.partition(".")[0]


def brought_by(extra: str | None) -> set[str]:
    """The packages that installing Pokea with this extra asks for by name."""
    project = tomllib.loads((_HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]
    return {"pokea", *(re.split(r"[^\w-]", each)[0].lower() for each in asked)}


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_a_quick_start_installs_what_its_files_import(page: Path) -> None:
    """Each package that a file of the page imports comes with what the page installs."""
    text = page.read_text(encoding="utf-8")
    files = _FILE.findall(text)
    (extra,) = set(_INSTALLS.findall(text))
    own = {name.partition("/")[0] for name, _ in files}
    wanted = {each for _, code in files for each in imported(code)} - own - sys.stdlib_module_names
    assert wanted <= brought_by(extra or None)
