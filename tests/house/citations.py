"""Citations: what in the prose of a file names a section of the law or of the reference, and whether it is there.

A citation is written `law: proof`, `daraja: result codes`, `texts: columns` or `guide: test scenarios`, most often in
parentheses, several with semicolons between them. A number after the name is an item of that section's list, as in
`law: settler, 5`. Numbers of sections are not used: they move.
"""

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from typing import Final

SHELVES: Final = {
    "law": ("docs/law/money-out.md", "docs/law/payments.md", "docs/law/statements.md", "docs/law/webhooks.md"),
    "daraja": ("docs/daraja.md",),
    "texts": ("docs/mpesa-texts.md",),
    "guide": ("docs/guide.md",),
}
"""What can be cited, and the pages whose headings are its sections."""
_CITATION = re.compile(r"(?<![\w/\"'=`-])(law|daraja|texts|guide):\s(?=(?P<rest>[^|]{1,80}))")
_BY_NUMBER = re.compile(
    r"\b(?:law|reference|texts|design)(?:,? (?:section|idea|rule|point|§))?,? §? ?\d+(?:\.\d+)*\b"
    r"|\((?:money out|payments|statements|webhooks),? \d+\)"
    r"|(?<=[\w`;,.] )\(\d{1,2}\.\d{1,2}(?:, \d{1,2}\.\d{1,2})*\)"
    r"|\bdesign, (?:idea|section|law|daraja|texts|\")",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    r"\.\./shared|\b(?:architecture|design|style|knowhow|performance-goals|field-report|security-report)\.md"
    r"|\blaw-[a-z-]+\.md",
    re.IGNORECASE,
)
_LINE_START = re.compile(r"\n[ \t]*(?:#+|//+|\*+)?[ \t]*")
_MIDDLE_OF_F_STRING: Final = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)
"""Python 3.12 began to give the texts inside an f-string tokens of their own."""

Sections = Mapping[str, Mapping[str, str]]
"""For each shelf the names of its sections in lower case, with the text of each."""


def sections_of(page: str) -> dict[str, str]:
    """The headings of a page of Markdown below its title, in lower case, each with its text until the next heading."""
    parts = re.split(r"^#{2,6} +(.+?) *$", page, flags=re.MULTILINE)
    return {name.lower(): text for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def repeated_sections(pages: list[str]) -> Iterator[str]:
    """Names that more than one heading of a shelf has: a citation of them names none."""
    names = [name for page in pages for name in re.findall(r"^#{2,6} +(.+?) *$", page.lower(), re.MULTILINE)]
    yield from sorted({name for name in names if names.count(name) > 1})


def prose(name: str, text: str) -> str:
    """What a file says to its reader, on one line: the comments and texts of Python, all of anything else."""
    if name.endswith(".py"):
        text = "".join(_said(text))
    elif not name.endswith(".md"):
        text = _LINE_START.sub(" ", text)
    return re.sub(r"\s+", " ", text)


def broken_citations(said: str, sections: Sections) -> Iterator[str]:
    """Citations that name no section, or an item that its section's list does not have."""
    for found in _CITATION.finditer(said):
        shelf, rest = sections[found[1]], found["rest"]
        named = [name for name in shelf if re.match(rf"{re.escape(name)}(?!\w)", rest, re.IGNORECASE)]
        if not named:
            yield f"{found[1]}: {rest[:40]!r} names no section"
            continue
        name = max(named, key=len)
        item = re.match(r", (\d+)\b", rest[len(name) :])
        if item and not re.search(rf"(?:^|\s){item[1]}\. ", shelf[name]):
            yield f"{found[1]}: {name} has no item {item[1]}"


def numbered_citations(said: str) -> Iterator[str]:
    """Citations by a section's number, which moves, instead of by its name."""
    yield from (f"cites by number: {said[max(0, m.start() - 20) : m.end() + 20]!r}" for m in _BY_NUMBER.finditer(said))


def outside_pages(said: str) -> Iterator[str]:
    """Names of documents that a clone of this repository does not have."""
    yield from (f"names a page that is not here: {found[0]!r}" for found in _OUTSIDE.finditer(said))


def links(page: str) -> Iterator[tuple[str, str]]:
    """The links of a page of Markdown that stay in the repository: the path, which may be empty, and the heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page, flags=re.DOTALL)):
        if not re.match(r"[a-z]+:|/", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: str) -> set[str]:
    """The anchors that a page's headings get where Markdown is shown."""
    named = re.findall(r"^#{1,6} +(.+?) *$", page, re.MULTILINE)
    return {re.sub(r" ", "-", re.sub(r"[^\w\- ]", "", name.lower())) for name in named}


def _said(source: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ") + " "
        elif token.type in {tokenize.STRING, _MIDDLE_OF_F_STRING}:
            yield token.string + " "
        elif token.type not in {tokenize.NL, tokenize.NEWLINE}:
            # Code between two comments ends the sentence of the first.
            yield "|"
