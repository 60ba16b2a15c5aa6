"""One browser and two worlds for the whole folder: the demo, and a service that the examples' site may call.

They end with the folder, because Playwright keeps an event loop in the thread that other tests run their own in.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.system.browser import places
from tests.system.browser.places import HOUSE, Site
from tests.system.browser.storefronts import PlainExample, ReactExample, Shop, Storefront
from tests.system.browser.tab import Tab
from tests.system.service.world import World

OpenTab: TypeAlias = Callable[..., Tab]
ARTEFACTS: Final = HOUSE / "artefacts"
_PATIENCE_MS: Final = 30_000
"""For a machine that runs other things beside the tests."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE_MS)
        launched = playwright.chromium.launch(executable_path=places.chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """A merchant's site with the examples."""
    with Site({"react": places.built_example(), "plain": HOUSE / "examples/plain-html"}).running() as running:
        yield running


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo."""
    with places.demo(tmp_path_factory.mktemp("demo")) as world:
        yield world


@pytest.fixture(scope="package")
def served(site: Site, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service and a simulator; the site's pages may call the service."""
    with places.service(tmp_path_factory.mktemp("served"), sqlite_template, site.url) as world:
        site.api = world.service.url
        yield world


@pytest.fixture(scope="package")
def storefronts(demo: World, served: World, site: Site) -> dict[str, Storefront]:
    """Every page by its name."""
    pages = (Shop(demo, demo.service.url), ReactExample(served, site.url), PlainExample(served, site.url))
    return {page.name: page for page in pages}


@pytest.fixture
def storefront(request: pytest.FixtureRequest, storefronts: dict[str, Storefront]) -> Iterator[Storefront]:
    """The page that the test asks for by name, without the faults of other tests."""
    found = storefronts[request.param]
    yield found
    found.world.simulator.api("DELETE", "/faults")


@pytest.fixture
def world(storefront: Storefront) -> World:
    """The service and the simulator behind the page."""
    return storefront.world


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browsers without a past: no storage, no cookies."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_default_timeout(_PATIENCE_MS)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def open_tab(contexts: Callable[..., BrowserContext], storefronts: dict[str, Storefront]) -> Iterator[OpenTab]:
    """Opens tabs that must neither complain nor ask a stranger: of a new browser, or of a given one. `own` are origins
    that are no strangers to it besides."""
    known = {origin for page in storefronts.values() for origin in (*page.origins, page.world.simulator.url)}
    tabs: list[Tab] = []

    def open_one(context: BrowserContext | None = None, own: Sequence[str] = (), **options: Any) -> Tab:
        known.update(own)
        tab = Tab((context or contexts(**options)).new_page())
        tabs.append(tab)
        return tab

    yield open_one
    assert [complaint for tab in tabs for complaint in tab.complaints] == []
    assert {tab.page.url: tab.strangers(*known) for tab in tabs if tab.strangers(*known)} == {}


@pytest.fixture
def tab(open_tab: OpenTab) -> Tab:
    """One tab of a new browser."""
    return open_tab()
