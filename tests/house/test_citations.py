"""Every citation names what is there, in this repository, by its name."""

from functools import cache

import pytest

from tests.house import citations
from tests.house.test_house import HOUSE, _expect_none, _files

_READ = (".py", ".md", ".ts", ".tsx", ".css", ".html", ".js", ".mjs", ".sh", ".toml", ".json", ".yml")
_WHOLE = "law: proof; daraja: result codes"


@cache
def _said() -> dict[str, str]:
    plain = {name: text for name, text in _files().items() if name.endswith(_READ) or "." not in name.split("/")[-1]}
    built = "src/pokea/pages/"
    return {name: citations.prose(name, text) for name, text in plain.items() if not name.startswith(built)}


@cache
def _sections() -> citations.Sections:
    shelves = citations.SHELVES.items()
    return {
        shelf: {k: v for page in pages for k, v in citations.sections_of(_files()[page]).items()}
        for shelf, pages in shelves
    }


def test_every_citation_names_a_section_that_exists() -> None:
    """What is cited in code, tests, tools and pages can be looked up in this repository."""
    _expect_none(f"{n}: {c}" for n, said in _said().items() for c in citations.broken_citations(said, _sections()))


def test_nothing_is_cited_by_number() -> None:
    """Sections are cited by their names: numbers move when a section is added."""
    _expect_none(f"{n}: {c}" for n, said in _said().items() for c in citations.numbered_citations(said))


def test_no_page_is_named_that_a_clone_does_not_have() -> None:
    """A clone of the repository has every page that it points to."""
    _expect_none(f"{n}: {c}" for n, said in _said().items() for c in citations.outside_pages(said))


@pytest.mark.parametrize("shelf", citations.SHELVES)
def test_a_section_is_found_under_its_name_alone(shelf: str) -> None:
    """No two sections of what is cited by one word share a name."""
    assert list(citations.repeated_sections([_files()[page] for page in citations.SHELVES[shelf]])) == []


def test_every_link_between_pages_leads_somewhere() -> None:
    """A link in a page of Markdown names a file that is here, and a heading that the file has."""
    pages = {name: text for name, text in _files().items() if name.endswith(".md")}
    broken = []
    for name, text in pages.items():
        for path, anchor in citations.links(text):
            target = ((HOUSE / name).parent / path).resolve() if path else HOUSE / name
            if not target.exists():
                broken.append(f"{name}: {path} is not there")
            elif anchor and anchor not in citations.anchors(target.read_text(encoding="utf-8")):
                broken.append(f"{name}: {path} has no heading #{anchor}")
    _expect_none(broken)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.py", "# As it must be (law" + ": no such thing).\nx = 1\n", "names no section"),
        ("a.py", '"""Reads it (daraja' + ': result\n    cods)."""\n', "names no section"),
        ("a.md", "it is proved (law" + ": settler, 9)", "has no item 9"),
        ("a.ts", "// It is proved (texts" + ":\n// colums).\n", "names no section"),
        ("a.md", "proved (law" + ": proof; law" + ": prof)", "names no section"),
    ],
)
def test_a_citation_of_nothing_is_found(name: str, text: str, complaint: str) -> None:
    """A name that no heading has, and an item that no list has, are found in every language, across lines too."""
    (found,) = citations.broken_citations(citations.prose(name, text), _sections())
    assert complaint in found


_NUMBERED = [
    "law" + " 6",
    "money" + " out, 10",
    "as seen (" + "3.7), ",
    "Law" + " 11;",
    "reference" + " 3.3",
    "texts" + " 1.3",
]


@pytest.mark.parametrize("text", _NUMBERED)
def test_a_number_is_found(text: str) -> None:
    """Each of the forms that numbers were cited in is found."""
    assert len(list(citations.numbered_citations(f"It waits ({text}) here"))) == 1
    assert len(list(citations.numbered_citations("as it is (design" + ", idea 2)"))) == 1


def test_what_is_no_citation_passes() -> None:
    """Parameters of functions, names in code and citations of what is there are left alone."""
    parameters = "def f(daraja" + ": Daraja, texts" + ": Iterable[str]) -> None:"
    source = f'{parameters}\n    """It holds ({_WHOLE})."""\n'
    said = citations.prose("a.py", source)
    assert _WHOLE in said
    assert list(citations.broken_citations(said, _sections())) == []
    assert list(citations.numbered_citations(said)) == []


def test_a_page_that_is_elsewhere_is_found() -> None:
    """A document beside the repository is none of its pages, and the pages of docs/law are."""
    assert len(list(citations.outside_pages("see " + "../" + "shared and " + "law" + "-money-out.md"))) == 2
    assert list(citations.outside_pages("see docs/law/money-out.md")) == []
