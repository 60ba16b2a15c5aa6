"""The packed tarball: sound for those who check packages, and fresh applications that take payments with it."""

import contextlib
import json
import re
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from pokea.testing import LocalPokea
from tests.client.test_webhooks import SECRET
from tests.examples.shops import Customer, Shop, listening, orders_and_pays, orders_without_money
from tests.system.browser import places
from tests.system.browser.tab import HOLD_MS, Tab
from tests.system.packaged.applications import (
    CHECKERS,
    NEXT,
    REACT_18,
    REACT_19,
    Template,
    install,
    made,
    next_server,
    node,
    packed,
)
from tests.system.service.running import eventually
from tests.system.service.world import World

_PATIENCE_MS: Final = 60_000
_REQUIRES: Final = "require('@pokea/checkout'); require('@pokea/checkout/element'); require('@pokea/checkout/jsx')"
_RENDERS: Final = """
import { BookingFeePaymentModal } from '@pokea/checkout';
import { PokeaCheckout } from '@pokea/checkout/element';
import '@pokea/checkout/jsx';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
console.warn = console.error = (...said) => { throw new Error(said.join(' ')); };
const nothing = () => '';
const modal = createElement(BookingFeePaymentModal, {
  bookingId: 'bk_1', open: true, onClose: nothing, onPaymentSuccess: nothing, getToken: nothing,
});
console.log(renderToString(modal), typeof PokeaCheckout);
"""


@pytest.fixture(scope="module")
def tarball() -> Path:
    """The packed npm package."""
    return packed()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=places.chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


def test_the_tarball_holds_what_its_users_look_for(tarball: Path) -> None:
    """Licence, source maps, types of every entry, and a README of theirs that names nothing of our house."""
    with tarfile.open(tarball) as archive:
        found = {file.name.removeprefix("package/"): archive.extractfile(file) for file in archive.getmembers()}
        text = {name: file.read().decode() for name, file in found.items() if file is not None}
    entries = [entry for entry in json.loads(text["package.json"])["exports"].values() if isinstance(entry, dict)]
    assert {name.removeprefix("./") for entry in entries for name in entry.values()} <= set(text)
    assert text["LICENSE"] == (places.HOUSE / "LICENSE").read_text()
    assert text["dist/react.js"].startswith('"use client";')
    for script in ("dist/react.js", "dist/element.js"):
        assert f"sourceMappingURL={Path(script).name}.map" in text[script]
        assert all(json.loads(text[f"{script}.map"])["sourcesContent"])
    readme = text["README.md"]
    assert not re.search(r"make [a-z]+`|src/|Preact|artefacts|pytest", readme)
    for word in ("--pokea-accent", "booking-id", "getToken", "pokea-success", "npm install @pokea/checkout"):
        assert word in readme


def test_those_who_check_packages_find_nothing(tarball: Path) -> None:
    """publint finds nothing; attw finds the types of every entry in every way of resolving it.

    That `require()` gets an ES module is meant: Node.js takes it since 20.19, which a test below tries.
    """
    with made(CHECKERS) as folder:
        assert "All good" in node(["npx", "publint", "run", "--strict", str(tarball)], folder)
        node(["npx", "attw", str(tarball), "--ignore-rules", "cjs-resolves-to-esm"], folder)


@pytest.mark.parametrize("template", [REACT_18, REACT_19], ids=lambda one: one.name)
def test_the_package_can_be_imported_on_a_server(tarball: Path, template: Template) -> None:
    """Imported or required by Node.js it does nothing, and is rendered to an empty place without a warning."""
    with made(template) as folder:
        install(folder, tarball)
        assert node(["node", "-e", _REQUIRES], folder) == ""
        assert node(["node", "--input-type=module", "-e", _RENDERS], folder) == "<div></div> function\n"


@pytest.mark.parametrize("template", [REACT_18, REACT_19], ids=lambda one: one.name)
def test_a_fresh_vite_application_takes_payments(
    tarball: Path, template: Template, browser: Browser, sqlite_template: Path, tmp_path: Path
) -> None:
    """Installed, type-checked and built with nothing but its lock, it is paid in the component and in the element."""
    with made(template) as folder:
        install(folder, tarball)
        node(["npm", "run", "--silent", "build"], folder)
        site = places.Site({"shop": folder / "dist"})
        with site.running(), places.service(tmp_path, sqlite_template, site.url) as world:
            site.api = world.service.url
            pays_twice(browser, world, f"{site.url}/shop/")


def test_a_fresh_next_application_takes_payments(
    tarball: Path, browser: Browser, sqlite_template: Path, tmp_path: Path, pokea: LocalPokea
) -> None:
    """`examples/next-shop`, with a page of the checkout beside it, is built and rendered on the server; its checkout is
    paid twice, and its orders are paid or not as the webhooks say."""
    log = tmp_path / "next.log"
    settings = {"POKEA_URL": pokea.url, "POKEA_TOKEN": pokea.token, "POKEA_WEBHOOK_SECRET": SECRET}
    with made(NEXT) as folder:
        install(folder, tarball, packed("client"))
        node(["npm", "run", "--silent", "build"], folder)
        with next_server(folder, log, **settings) as origin:
            eventually(lambda: listens(origin), "next listens", 60)
            with places.service(tmp_path, sqlite_template, origin) as world:
                pays_twice(browser, world, f"{origin}/checkout")
            shop = Shop(Customer(origin), pokea)
            with listening(origin, pokea, tmp_path):
                assert orders_and_pays(shop) == ("matching", "held")
                assert "is paid. UE4" in orders_without_money(shop)
        assert "Error" not in log.read_text()


def listens(origin: str) -> bool:
    """Whether something takes connections there."""
    parts = urlsplit(origin)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname or "", parts.port or 80), 5):
        return True
    return False


def pays_twice(browser: Browser, world: World, address: str) -> None:
    """Pay one booking in the component and another in the element, and see that the page heard of both."""
    bookings = {form: world.service.book()["id"] for form in ("component", "element")}
    asked = {**bookings, "token": world.service.token("amina"), "api": world.service.url}
    context = browser.new_context()
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    tab = Tab(context.new_page())
    tab.page.goto(f"{address}?{urlencode(asked)}")
    paid: list[str] = []
    for form in bookings:
        tab.page.get_by_role("button", name=f"Pay in the {form}").click()
        dialog = tab.page.locator("dialog[open]")
        dialog.get_by_role("textbox").fill(world.new_phone("pay"))
        tab.page.wait_for_timeout(HOLD_MS)
        dialog.locator("button[type=submit]").click()
        written = " ".join([r"pay_\w+"] * (len(paid) + 1))
        expect(tab.page.locator("output")).to_have_text(re.compile(f"^{written}$"))
        paid = (tab.page.locator("output").text_content() or "").split()
        tab.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    assert [world.service.status(one)["status"] for one in paid] == ["completed", "completed"]
    assert tab.strangers(world.service.url, "://".join(urlsplit(address)[:2])) == {}
    assert tab.complaints == []
    context.close()
