"""One tab of a real Chromium: what it shows, what it complains about, and whom it asks."""

import re
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from tests.system.browser.places import HOUSE

HOLD_MS: Final = 600
"""For so long, and a little less, a form that has just come up takes no second click for an answer."""
AXE: Final = HOUSE / "web/node_modules/axe-core/axe.min.js"
_THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_SCREENS: Final = ((320, 640), (768, 1024), (1280, 800))
_STATUS_NOTE: Final = "Failed to load resource"
"""The browser's note about a status of 400 or above, or a cut: which ones come is for each test to say."""

_RUN_AXE: Final = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'], iframes: false });
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
}"""
_CLIPPED: Final = """() => {
  const bad = [];
  const look = (root) => {
    for (const element of root.querySelectorAll('body, body *, dialog, dialog *')) {
      if (element.shadowRoot) look(element.shadowRoot);
      const { left, right, width } = element.getBoundingClientRect();
      if (!width || element.closest('.unseen') || !element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      if (left < -0.5 || right > innerWidth + 0.5) bad.push(`sticks out: ${element.outerHTML.slice(0, 200)}`);
      const hides = style.overflowX !== 'visible' && !/auto|scroll/.test(style.overflowX);
      const isField = /^(input|select)$/.test(element.localName);
      const isWide = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
      const isHigh = hides && element.scrollHeight > element.clientHeight + 1 && element.clientHeight > 0;
      if (!isField && (isWide || isHigh)) bad.push(`is clipped: ${element.outerHTML.slice(0, 200)}`);
    }
  };
  look(document);
  return bad;
}"""
_FOCUSED: Final = """() => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  if (!active || /^(html|body|dialog)$/.test(active.localName)) return active?.localName ?? '';
  const name = active.getAttribute('aria-label') ?? active.labels?.[0]?.textContent ?? active.textContent;
  return `${active.localName} ${name?.trim() ?? ''}`;
}"""


class Tab:
    """A page, with everything it has complained about and every origin that it has asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.allowed = _STATUS_NOTE
        """How a line of the console begins that the test brings about on purpose."""
        self.origins: dict[str, str] = {}
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        expected = message.text.startswith((_STATUS_NOTE, self.allowed))
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            self.origins.setdefault(f"{parts.scheme}://{parts.netloc}", request.url)

    # The checkout

    @property
    def dialog(self) -> Locator:
        """The checkout's dialog; locators see through shadow roots."""
        return self.page.locator("dialog")

    @property
    def step(self) -> Locator:
        """The one thing to do now."""
        return self.dialog.locator("button[type=submit]")

    @property
    def phone(self) -> Locator:
        """The phone field."""
        return self.dialog.get_by_role("textbox")

    def pay(self, phone: str) -> None:
        """Type a number and ask for the payment, once the form has stood long enough to be read."""
        self.phone.fill(phone)
        self.page.wait_for_timeout(HOLD_MS)
        self.step.click()

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until the dialog says this."""
        expect(self.dialog).to_contain_text(text)

    def says_no(self, text: str) -> None:
        """Wait until the dialog does not say this."""
        expect(self.dialog).not_to_contain_text(text)

    # What must hold of every page

    def focused(self) -> str:
        """What has the focus, through shadow roots: its tag and its name."""
        found: str = self.page.evaluate(_FOCUSED)
        return found

    def axe(self) -> list[str]:
        """What axe-core finds on the page, but not in its frames; it is brought in past the page's policy, once a page:
        to read its half a megabyte takes ten times as long as to run it.
        """
        if not self.page.evaluate("'axe' in window"):
            session = self.page.context.new_cdp_session(self.page)
            session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
            session.detach()
        found: list[str] = self.page.evaluate(_RUN_AXE)
        return found

    def clipped(self) -> list[str]:
        """Elements whose text does not fit, or that stick out of the window."""
        found: list[str] = self.page.evaluate(_CLIPPED)
        return found

    def read_whole(self, folder: Path, name: str) -> dict[str, list[str]]:
        """Keep pictures on each screen, light and dark, and say what axe-core finds or is clipped, by screen."""
        found = {}
        for theme in _THEMES:
            self.page.emulate_media(color_scheme=theme)
            for width, height in _SCREENS:
                self.page.set_viewport_size({"width": width, "height": height})
                self.shoot(folder / f"{name}-{width}-{theme}.png", full_page=True)
                found[f"{name} {width} {theme}"] = self.clipped() + self.axe()
        return {what: faults for what, faults in found.items() if faults}

    def strangers(self, *own: str) -> dict[str, str]:
        """Requests to an origin that is none of these."""
        return {origin: url for origin, url in self.origins.items() if origin not in own}

    def shoot(self, file: Path, **options: Any) -> None:
        """Keep what it looks like."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file, animations="disabled", **options)
