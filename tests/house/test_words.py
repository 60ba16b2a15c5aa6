"""One word for one thing: vague and figurative words grow rarer, and no name has two meanings."""

import re
from collections import Counter
from typing import Final

import pytest

from tests.house import words
from tests.house.test_house import _expect_none, _files, _python

_CLIENT: Final = ("src/pokea/client/", "src/pokea/testing/")
MOST_VAGUE: Final = 0.8
MOST_FIGURATIVE: Final = 5.0
"""So often do these words stand in a thousand lines of src now. Neither number is ever raised; it is lowered with what
is rewritten."""


@pytest.mark.parametrize(
    ("kind", "most"), [(words.VAGUE, MOST_VAGUE), (words.FIGURATIVE, MOST_FIGURATIVE), (words.GONE, 0)]
)
def test_words_of_another_kind_grow_no_more(kind: frozenset[str], most: float) -> None:
    """What is written anew names who acts and what is done, as docs/glossary.md has it."""
    found = words.per_thousand_lines((text for _, text in _python("src")), kind)
    assert found <= most, f"{sorted(kind)}: {found:.3f} in a thousand lines, and {most} are allowed"


def test_no_two_classes_share_a_name() -> None:
    """A class's name means one thing in the whole of src; the client, a program of its own, shows the API's objects
    under the names that its users know."""
    named = [(file.startswith(_CLIENT), name) for file, text in _python("src") for name in words.class_names(text)]
    defined = Counter(named)
    _expect_none(f"{name} is defined {times} times" for (_, name), times in defined.items() if times > 1)


def test_the_glossary_is_sorted_and_defines_each_word_once() -> None:
    """A word of the glossary is found where the alphabet has it, with one sentence that says what it means."""
    rows = re.findall(r"^\| (?!Word |---)(.+?) \| (.+) \|$", _files()["docs/glossary.md"], re.MULTILINE)
    names = [name for name, _ in rows]
    assert names == sorted(set(names))
    _expect_none(f"{name} is not explained in a sentence" for name, means in rows if not means.endswith("."))


def test_only_what_the_authors_wrote_is_counted() -> None:
    """Comments, docstrings and names count; texts that a user reads, and words that only contain one, do not."""
    source = 'def tell_all(x):\n    """Nobody knows."""\n    # told\n    return "somebody", retold, untold_names\n'
    found = Counter(words.words_of(source))
    assert (found["nobody"], found["told"], found["tell"], found["somebody"]) == (1, 1, 1, 0)
    assert words.per_thousand_lines([source], words.VAGUE) == 250


def test_a_class_within_a_class_is_seen() -> None:
    """Inner classes share the one space of names."""
    assert words.class_names("class A:\n    class B: ...\n") == ["A", "B"]
