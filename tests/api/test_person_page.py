"""Addresses of the API as a person's browser opens them."""

import re

import pytest

from tests.api.serving import Client, SetClock, against, new_test_application

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def shown(client: Client, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, kind and text of what a browser gets."""
    answer = await client.get(path, headers=BROWSER | headers)
    return answer.status, answer.headers["content-type"].partition(";")[0], str(answer.body)


def test_a_browser_gets_a_page_and_a_program_the_envelope() -> None:
    """The same wrong address is answered 404 as a page to a browser, and as JSON to everything else."""

    async def talk(client: Client) -> None:
        status, kind, text = await shown(client, "/nothing")
        assert (status, kind) == (404, "text/html")
        assert "There is nothing at this address" in text
        for accept in ("application/json", "*/*"):
            answer = await client.get("/nothing", headers={"Accept": accept})
            assert (answer.status, answer.body["code"]) == (404, "not_found")

    against(new_test_application(SetClock()), talk)


def test_the_root_says_what_runs_here() -> None:
    """A browser reads at the root that Pokea runs here and where the reference is; a program finds nothing there."""

    async def talk(client: Client) -> None:
        status, kind, text = await shown(client, "/")
        assert (status, kind) == (200, "text/html")
        assert "Pokea runs here" in text
        assert 'href="docs"' in text
        assert (await client.get("/", headers={"Accept": "application/json"})).status == 404

    against(new_test_application(SetClock()), talk)


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/docs/", "../docs"),
        ("/demo///", "../../../demo"),
        ("/docs", ""),
        ("//evil.example/", ""),
        ("/nothing", ""),
    ],
)
def test_a_slash_too_many_is_pointed_out(path: str, link: str) -> None:
    """The page names the address without the slash, and never one that leads to another site."""

    async def talk(client: Client) -> None:
        _, _, text = await shown(client, path)
        assert ("Did you mean" in text) == bool(link)
        found = re.search(r'Did you mean <a href="([^"]+)"', text)
        assert (found[1] if found else "") == link
        assert "evil.example" not in text

    against(new_test_application(SetClock()), talk)


def test_what_stands_in_the_address_is_only_text() -> None:
    """Markup in an address does not become markup of the page, and the page may run no script."""

    async def talk(client: Client) -> None:
        answer = await client.get("/%3Cscript%3Ealert(1)%3C/script%3E/", headers=BROWSER)
        assert "<script" not in str(answer.body)
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    against(new_test_application(SetClock()), talk)
