"""Pages that take a booking fee: the demo's shop, the React example, and the plain page."""

import re
from abc import ABC, abstractmethod
from typing import Final

from tests.system.browser.tab import Tab
from tests.system.service.world import World

_OPENER: Final = re.compile("Pay|Paid|Check your phone|Waiting")
"""The button that opens the checkout says the price, or how the payment stands."""


class Storefront(ABC):
    """A page of a shop, and the service and simulator behind it."""

    name: str
    remembers: str
    """The entry of the tab's storage in which the page keeps its booking over a reload."""

    def __init__(self, world: World, site: str) -> None:
        self.world = world
        self.site = site

    @property
    def origins(self) -> tuple[str, ...]:
        """Everybody whom the page may ask."""
        return (self.world.service.url, self.site)

    @abstractmethod
    def visit(self, tab: Tab) -> None:
        """Go to the page, as it is before or after a booking."""

    @abstractmethod
    def book(self, tab: Tab) -> None:
        """Make a booking, which opens the checkout."""

    def open(self, tab: Tab) -> None:
        """From nothing to the open checkout of a new booking."""
        self.visit(tab)
        self.book(tab)
        tab.phone.wait_for()

    def reopen(self, tab: Tab) -> None:
        """Open the checkout by its button."""
        tab.page.get_by_role("button", name=_OPENER).first.click()

    def memory(self, tab: Tab) -> str:
        """What the page remembers of its booking."""
        found: str | None = tab.page.evaluate("name => sessionStorage.getItem(name)", self.remembers)
        assert found
        return found

    def share(self, tab: Tab, other: Tab) -> None:
        """Open the checkout of the same booking in another tab."""
        memory = self.memory(tab)
        other.page.goto(tab.page.url)
        other.page.evaluate("([name, value]) => sessionStorage.setItem(name, value)", [self.remembers, memory])
        self.visit(other)
        if not other.dialog.is_visible():
            self.reopen(other)
        other.phone.wait_for()


class Shop(Storefront):
    """`/demo`, the shop alone."""

    name = "shop"
    remembers = "pokea-demo:booking"

    def visit(self, tab: Tab) -> None:
        tab.page.goto(f"{self.world.service.url}/demo?view=shop")
        tab.page.get_by_role("heading", level=1).wait_for()

    def book(self, tab: Tab) -> None:
        tab.page.get_by_role("button", name="Book and pay").click()


class Example(Storefront):
    """One of `examples/`, on a site of its own."""

    def visit(self, tab: Tab) -> None:
        tab.page.goto(f"{self.site}/{self.name}/?api={self.world.service.url}")

    def book(self, tab: Tab) -> None:
        tab.page.get_by_role("textbox", name="Token").fill(self.world.service.token("amina"))
        tab.page.get_by_role("button", name="Book").click()


class ReactExample(Example):
    """`examples/react-booking`."""

    name = "react"
    remembers = "booking"


class PlainExample(Example):
    """`examples/plain-html`, whose element is opened by its own button."""

    name = "plain"

    def book(self, tab: Tab) -> None:
        super().book(tab)
        self.reopen(tab)
