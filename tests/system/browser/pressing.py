"""Every button of the checkout pressed twice, by mouse and by keyboard, at one moment of the page's clock."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from playwright.sync_api import Locator, Response, expect

from tests.system.browser.states import STATES, Scene
from tests.system.browser.tab import Tab

Press: TypeAlias = Callable[[Tab, Locator], None]
_IN_THE_DIALOG: Final = ("form > .l", ".c .l", "[type=submit]", ".x")
"""Language; copy and print; the one thing to do; close. What leaves the state comes last."""
_OPENER: Final = "pokea-checkout button.o >> nth=0"
_SETTLE_MS: Final = 200
_SHOWN: Final = "dialog => [...dialog.querySelectorAll('.i, [type=submit]')].map((each) => each.className).join()"
_BEGIN_AGAIN: Final = """(element, kept) => {
  const parent = element.parentElement;
  element.remove();
  for (const [name, value] of kept) sessionStorage.setItem(name, value);
  parent.append(element);
  element.show();
}"""
"""What a page does that is loaded again in the middle of a payment."""


def _click_twice(tab: Tab, button: Locator) -> None:
    button.dblclick(force=True)


def _enter_twice(tab: Tab, button: Locator) -> None:
    button.focus()
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Enter")


_WAYS: Final[dict[str, Press]] = {"double click": _click_twice, "Enter, Enter": _enter_twice}


def wrong_prompts(scene: Scene, state: str) -> dict[str, set[str]]:
    """Presses every button twice in each way; the keys of the pushes by which more, or fewer, were asked for than one
    where a number is typed, and none anywhere else.

    The page's clock must be one that can be stopped, so that on a slow machine two presses are no two wishes.
    """
    tab = scene.tab
    known: set[str] = set()
    keys: set[str] = set()

    def note(answer: Response) -> None:
        """One whose token is refused asks for nothing."""
        if answer.url.endswith("/stkpush") and answer.status != 401:
            keys.add(answer.request.headers["idempotency-key"])

    tab.page.on("response", note)
    tab.page.evaluate("window.print = () => undefined")
    # What is being sent already is sent again under its own key.
    known.add(str(tab.page.evaluate("Object.values(sessionStorage).map((kept) => JSON.parse(kept).key).join('')")))
    wrong = {}
    for number, (way, press) in enumerate(_WAYS.items()):
        before = scene.world.simulator.pushes()
        if state == "typed" and number:
            scene.phone = scene.world.new_phone()
            STATES[state](scene)
        _press_all(tab, press)
        tab.page.wait_for_timeout(_SETTLE_MS)
        asked = int(state == "typed")
        if len(keys - known) != asked or scene.world.simulator.pushes() - before != asked:
            wrong[way] = keys - known
        known |= keys
    return wrong


def _press_all(tab: Tab, press: Press) -> None:
    kept = tab.page.evaluate("Object.entries(sessionStorage)")
    shown = _shown(tab)
    buttons = [button for part in _IN_THE_DIALOG for button in tab.dialog.locator(part).all() if button.is_visible()]
    for button in buttons:
        _bring_back(tab, kept, shown)
        _press(tab, press, button)
    tab.page.locator("pokea-checkout").evaluate("element => element.close()")
    expect(tab.dialog).to_be_hidden()
    _press(tab, press, tab.page.locator(_OPENER))


def _press(tab: Tab, press: Press, button: Locator) -> None:
    tab.page.clock.pause_at(tab.page.evaluate("Date.now() / 1000 + 1"))
    press(tab, button)
    tab.page.clock.resume()


def _shown(tab: Tab) -> str:
    """The sign and the step by their classes."""
    found: str = tab.dialog.evaluate(_SHOWN)
    return found


def _bring_back(tab: Tab, kept: Any, shown: str) -> None:
    """The state as it was, after a button that closes the dialog or leads away from what it showed."""
    checkout = tab.page.locator("pokea-checkout")
    if not tab.dialog.is_visible():
        checkout.evaluate("element => element.show()")
    if _shown(tab) != shown:
        checkout.evaluate(_BEGIN_AGAIN, kept)
        if shown.startswith("i "):
            expect(tab.dialog.locator(".i")).to_have_class(shown.split(",", maxsplit=1)[0])
