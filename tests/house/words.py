"""The words of the sources: which of them the house does not use, and how often they still stand there."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import Final

VAGUE: Final = frozenset({"whoever", "nobody", "somebody", "anybody"})
"""Words for a person without a role: it is a caller, a customer, a process, or none of them."""
FIGURATIVE: Final = frozenset({"told", "tell", "tells", "heard", "hear", "hears"})
"""Programs neither speak nor listen: they send, receive, announce, report, name and know."""
GONE: Final = frozenset({"wish", "wishes", "wished"})
"""Words that stand nowhere in src any more: what a caller asks for is a request."""


def words_of(source: str) -> Iterator[str]:
    """The words of comments, docstrings and names, in lower case; texts for users are not among them."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.COMMENT, tokenize.NAME}:
            yield from _words(token.string)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from _words(node.value.value)


def per_thousand_lines(sources: Iterable[str], words: frozenset[str]) -> float:
    """How often the words stand in a thousand lines."""
    texts = list(sources)
    found = sum(1 for text in texts for word in words_of(text) if word in words)
    return found * 1000 / sum(len(text.splitlines()) for text in texts)


def class_names(source: str) -> list[str]:
    """The names of the classes that a module defines, inner ones too."""
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]


def _words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)]
