"""The docs as a site: every link leads somewhere, no other site is asked, and code is that of the examples."""

import re
import resource
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import Say
from tests.house.test_house import HOUSE

_DOCS: Final = HOUSE / "docs"
_QUICK_STARTS: Final = {
    "django.md": "django-shop",
    "fastapi.md": "fastapi-shop",
    "next.md": "next-shop",
    "any-language.md": "any-language",
}
_LOADED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""The elements by which a page asks for something without a press of anyone's."""


class Page(HTMLParser):
    """The links of a page, what it loads, and the names of its places."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read one element."""
        named = {name: value or "" for name, value in attrs}
        self.places |= {named[name] for name in ("id", "name") if name in named}
        if tag == "a" and "href" in named:
            self.links.append(named["href"])
        if tag in _LOADED and _LOADED[tag] in named and named.get("rel") not in ("canonical", "alternate"):
            self.loads.append(named[_LOADED[tag]])


class Site(NamedTuple):
    """The built site, its pages by their file, and the CPU that its building took."""

    folder: Path
    pages: dict[Path, Page]
    cpu_seconds: float


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site, built as `make site` does, without a warning."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(_DOCS, folder / "docs")
    shutil.copy(HOUSE / "zensical.toml", folder)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    built = folder / "dist/site"
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in built.rglob("*.html")}
    return Site(built, pages, seconds)


def test_every_page_is_built(site: Site, say: Say) -> None:
    """Each page of docs/ is a page of the site."""
    built = {str(file.relative_to(site.folder).with_suffix("")) for file in site.pages} - {"404"}
    assert built == {str(file.relative_to(_DOCS).with_suffix("")) for file in _DOCS.rglob("*.md")}
    say(f"the site of {len(built)} pages was built in {site.cpu_seconds:.1f} s of CPU")


def test_every_link_leads_somewhere(site: Site) -> None:
    """Links within the site name a file that is there, and a place that is in it."""
    broken = []
    for file, page in site.pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or file.name == "404.html":
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                broken.append(f"{file.relative_to(site.folder)}: {link} is not there")
            elif parts.fragment and target in site.pages and unquote(parts.fragment) not in site.pages[target].places:
                broken.append(f"{file.relative_to(site.folder)}: {link} has no such place")
    assert broken == []


def test_no_other_site_is_asked_for_anything(site: Site) -> None:
    """Scripts, styles, fonts and pictures all come from the site itself, and are in it."""
    for file, page in site.pages.items():
        assert [each for each in page.loads if urlsplit(each).netloc] == [], file
        here = [each for each in page.loads if file.name != "404.html" and not each.startswith("data:")]
        assert [each for each in here if not (file.parent / urlsplit(each).path).exists()] == [], file
    styles = [file.read_text(encoding="utf-8") for file in site.folder.rglob("*.css")]
    assert styles
    assert [found for text in styles for found in re.findall(r"url\(\s*[\"']?(?:https?:)?//[^)]*", text)] == []


def test_the_search_knows_every_page(site: Site) -> None:
    """What the search looks through names each page."""
    index = (site.folder / "search.json").read_text(encoding="utf-8")
    missing = [
        file.name for file in site.pages if file.name not in ("404.html", "index.html") and file.name not in index
    ]
    assert missing == []


@pytest.mark.parametrize("page", _QUICK_STARTS)
def test_a_quick_start_shows_its_example(page: str) -> None:
    """Each file that it has the reader type is the example's, to the letter, and it shows all of them."""
    text = (_DOCS / "quickstart" / page).read_text(encoding="utf-8")
    shown = dict(re.findall(r"^`([\w./\[\]-]+)`:\n\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    folder = HOUSE / "examples" / _QUICK_STARTS[page]
    tracked = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=folder, text=True).split()
    there = {name: (folder / name).read_text(encoding="utf-8") for name in tracked}
    assert shown == {name: code for name, code in there.items() if code}
