"""The generated pages of docs/ say what the code says."""

import os
from pathlib import Path

import pytest

from pokea.errors import CATALOGUE
from pokea.settings import Settings
from tools.reference import DOCS, PAGES, main


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


def test_make_docs_writes_the_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command writes every page, whole."""
    monkeypatch.setattr("tools.reference.DOCS", tmp_path)
    main()
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {
        name: page() for name, page in PAGES.items()
    }
