"""The generated pages of docs/ say what the code says."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from pokea.alerts.alert import LEVELS, PAUSES, AlertCode
from pokea.api.auth import callers
from pokea.api.metrics import CATALOGUE as CATALOGUE_OF_METRICS
from pokea.clock import HOUR, SECOND
from pokea.errors import CATALOGUE
from pokea.settings import Settings
from tools.client_code import CODE
from tools.code_map import SOURCE, code_map, floors
from tools.reference import DOCS, HOUSE, PAGES, PARTS, Part, main, with_part

_SCOPES: Final = [
    *(callers.PAYMENTS_READ, callers.PAYMENTS_WRITE, callers.BOOKINGS_WRITE),
    *(callers.REFUNDS_WRITE, callers.PAYOUTS_WRITE, callers.OUT_APPROVE, callers.ADMIN),
]
_KINDS: Final = ["Tutorials", "How to", "Reference", "Explanation"]


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_pages_have_not_drifted(name: str) -> None:
    """What stands in docs/ is what the code makes; `make docs` mends it."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_setting_is_described() -> None:
    """The settings page names each setting once in its tables, and each says what it is for."""
    page = PAGES["settings.md"]()
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert [name for name in Settings.model_fields if page.count(f"| `{name.upper()}` |") != 1] == []


def test_every_problem_is_described() -> None:
    """The page of errors names each code of the catalogue once in its tables."""
    page = PAGES["errors.md"]()
    assert [code for code in CATALOGUE if page.count(f"| `{code}` |") != 1] == []


def test_the_pages_do_not_depend_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of the environment and of a `.env` file leave no trace in the page."""
    before = PAGES["settings.md"]()
    (tmp_path / ".env").write_text("MPESA_SHORTCODE=999999\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "MPESA_CONSUMER_KEY", "somebody's")
    assert PAGES["settings.md"]() == before


@pytest.mark.parametrize("file", CODE)
def test_the_generated_modules_have_not_drifted(file: str) -> None:
    """The client's models are those of our OpenAPI, and its errors those of the catalogue."""
    assert (HOUSE / file).read_text(encoding="utf-8") == CODE[file](), "run `make docs`"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.file)
def test_the_generated_parts_have_not_drifted(part: Part) -> None:
    """The map of the code has the rooms and floors of the import contracts, and the tree of errors has the classes."""
    text = (HOUSE / part.file).read_text(encoding="utf-8")
    assert with_part(text, part) == text, "run `make docs`"


def test_a_file_that_has_lost_the_place_of_its_part_is_named() -> None:
    """Without the text before it, nothing is written anywhere."""
    with pytest.raises(ValueError, match=r"README\.md"):
        with_part("# Pokea\n", PARTS[0])


def test_the_map_names_every_module_and_room() -> None:
    """Whatever stands in the package has its line, on a floor that the contracts give it."""
    there = {path.name.removesuffix(".py") for path in SOURCE.iterdir() if path.suffix == ".py" or path.is_dir()}
    built = {"__init__", "__main__", "__pycache__", "pages"}
    named = [name for floor in floors() for name in floor]
    assert sorted(named) == sorted(there - built)
    assert [name for name in named if not re.search(rf"^  {name}(/|\.py) +\S", code_map(), re.MULTILINE)] == []


def test_make_docs_names_what_it_writes() -> None:
    """CONTRIBUTING names each page and part that `make docs` writes, and `make help` each page."""
    told = (HOUSE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `make docs` \|.*$", told, re.MULTILINE)
    pages = sorted({name.partition("/")[0] for name in PAGES})
    written = [*(f"docs/{name}" for name in pages), *(part.file for part in PARTS), *CODE]
    assert [name for name in written if f"`{name}`" not in row] == []
    (help_line,) = re.findall(r"^docs:.*$", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in pages if name not in help_line] == []


def test_every_metric_is_counted_somewhere() -> None:
    """Definitions of metrics stand in the catalogue alone, so its page is complete, and each is used by some part."""
    sources = {path: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}
    home = SOURCE / "api" / "metrics.py"
    assert [path for path, text in sources.items() if "MetricDefinition(" in text and path != home] == []
    names = re.findall(r"^(\w+): Final = MetricDefinition\(", sources.pop(home), re.MULTILINE)
    assert len(names) == len(CATALOGUE_OF_METRICS)
    assert [name for name in names if not any(re.search(rf"\b{name}\b", text) for text in sources.values())] == []


def test_make_docs_writes_the_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command writes every page and module, whole, and every part of another file."""
    (tmp_path / "docs").mkdir()
    for part in PARTS:
        (tmp_path / part.file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part.file).write_text(f"Before.\n{part.after}old{part.before}after.\n", encoding="utf-8")
    for file in CODE:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("tools.reference.HOUSE", tmp_path)
    monkeypatch.setattr("tools.reference.DOCS", tmp_path / "docs")
    main()
    files = [file for file in (tmp_path / "docs").rglob("*") if file.is_file()]
    assert {str(file.relative_to(tmp_path / "docs")): file.read_text(encoding="utf-8") for file in files} == {
        name: page() for name, page in PAGES.items()
    }
    for part in PARTS:
        written = f"Before.\n{part.after}{part.written()}{part.before}after.\n"
        assert (tmp_path / part.file).read_text(encoding="utf-8") == written
    for file, module in CODE.items():
        assert (tmp_path / file).read_text(encoding="utf-8") == module()


def test_every_alert_stands_in_the_table_for_operators() -> None:
    """docs/operating.md has each kind of alert once, with its level and when it is sent again."""
    page = (DOCS / "operating.md").read_text(encoding="utf-8")
    pauses = {"15 min": 900 * SECOND, "an hour": HOUR, "a day": 24 * HOUR}
    rows = re.findall(rf"^\| `(\w+)` \| [^|]+ \| (\w+) \| after ({'|'.join(pauses)}) \|", page, re.MULTILINE)
    shown = sorted((code, level, pauses[pause]) for code, level, pause in rows)
    assert shown == sorted((code.value, LEVELS[code].value, PAUSES[code]) for code in AlertCode)


def test_every_scope_is_explained() -> None:
    """docs/api.md says what each scope of a token opens."""
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]+`) \|", page.split("| Scope | Opens |")[1].split("\n\n")[0], re.MULTILINE)
    shown = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(shown) == sorted(_SCOPES)


def named_in(part: Any) -> Iterator[str]:
    """The pages that a part of the navigation names."""
    if isinstance(part, str):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from named_in(each)


def test_each_page_is_found_under_its_kind() -> None:
    """Tutorials, how-tos, reference and explanation are told apart, and each page stands under one of them."""
    nav = tomllib.loads((HOUSE / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    assert [name for part in nav for name in part] == ["Pokea", *_KINDS]
    found = list(named_in(nav))
    there = {str(file.relative_to(DOCS)) for file in DOCS.rglob("*.md") if file.parent.name != "decisions"}
    assert sorted(found) == sorted(there)


def test_the_page_of_places_names_files_that_are_there() -> None:
    """Each file that it sends a reader to is in the sources or in the repository."""
    page = (DOCS / "how-to" / "find-a-place-in-the-code.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.py)`", page))
    assert len(named) > len(_KINDS)
    assert sorted(each for each in named if not ((SOURCE / each).is_file() or (HOUSE / each).is_file())) == []
