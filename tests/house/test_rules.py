"""Every house rule finds what it is there to find, and lets the rest through."""

from collections.abc import Callable, Iterator

import pytest

from tests.house import rules
from tests.house.test_house import expect_at_the_bar

Rule = Callable[[str], Iterator[str]]
_ROOT = "/" + "root/.venv"
_REGISTRY = "https://" + "pypi" + ".org/simple"
_IGNORE = "# type" + ": ignore[misc]"


@pytest.mark.parametrize(
    ("rule", "wrong", "complaint"),
    [
        (rules.long_functions, "def f():\n" + "    pass\n" * 50, "f has 51 lines; 50 are allowed"),
        (rules.long_functions, "class A:\n    async def g():\n" + "        pass\n" * 50, "g has 51 lines"),
        (rules.long_file, "x = 1\n" * 401, "has 401 lines; 400 are allowed"),
        (rules.not_given, "import time\nx = time.time()\n", "uses time.time"),
        (rules.not_given, "from time import monotonic\n", "imports time.monotonic"),
        (rules.not_given, "import datetime\nx = datetime.datetime.now()\n", "uses datetime.now"),
        (rules.not_given, "from datetime import date\nx = date.today()\n", "uses date.today"),
        (rules.not_given, "import random\nx = random.randint(1, 2)\n", "uses random.randint"),
        (rules.not_given, "import os\nx = os.urandom(4)\n", "uses os.urandom"),
        (rules.not_given, "import uuid\n", "imports uuid"),
        (rules.not_given, "from secrets import token_hex\n", "imports secrets.token_hex"),
        (rules.not_given, "import asyncio\nasync def f(): await asyncio.to_thread(print)\n", "uses asyncio.to_thread"),
        (rules.mocks, "from unittest import mock\n", "imports mocks"),
        (rules.mocks, "from unittest.mock import Mock\n", "imports mocks"),
        (rules.mocks, "import mock\n", "imports mocks"),
        (rules.untold_tests, "def test_it(): ...\n", "test_it does not say in a sentence what holds"),
        (rules.untold_tests, 'def test_it():\n    """It works"""\n', "test_it does not say"),
        (rules.untold_names, "x = 1\n", "has no docstring"),
        (rules.untold_names, '"""M."""\ndef f(): ...\n', "f has no docstring"),
        (rules.untold_names, '"""M."""\nclass A:\n    """A."""\n    def g(self): ...\n', "g has no docstring"),
        (rules.silent_silencing, "x = y  # noqa: S108, S109\n", "line 1 silences a check without a reason"),
        (rules.silent_silencing, f"x = y  {_IGNORE}\n", "line 1 silences a check without a reason"),
        (rules.forbidden_text, f"run {_ROOT}/bin/python\n", "line 1 has a path of somebody's machine"),
        (rules.forbidden_text, f"index = {_REGISTRY}\n", "line 1 has a package registry's address"),
        (rules.forbidden_text, "done \N{WHITE HEAVY CHECK MARK}\n", "line 1 has an emoji"),
    ],
)
def test_a_breach_is_found(rule: Rule, wrong: str, complaint: str) -> None:
    """Each rule names the breach that was planted for it."""
    (found,) = rule(wrong)
    assert found.startswith(complaint)


@pytest.mark.parametrize(
    ("rule", "right"),
    [
        (rules.long_functions, "def f():\n" + "    pass\n" * 49),
        (rules.long_file, "x = 1\n" * 400),
        (rules.not_given, "import random, datetime\ndef f(chance: random.Random): return chance.random()\n"),
        (rules.not_given, "import time\ndef f(loop): return loop.time(), time.struct_time\n"),
        (rules.mocks, "import unittest\nfrom pokea import clock\n"),
        (rules.untold_tests, 'def test_it():\n    """It holds."""\ndef setup(): ...\n'),
        (rules.untold_names, '"""M."""\nclass _A:\n    def g(self): ...\ndef _f(): ...\n'),
        (rules.silent_silencing, "x = y  # noqa: S108, S109 - it is `safe`, and we know it\n"),
        (rules.silent_silencing, f"x = y  {_IGNORE}  # the library's types are wrong here\n"),
        (rules.forbidden_text, "see /workshop, /homes and https://safaricom.co.ke/work/\n"),
    ],
)
def test_what_keeps_the_rule_passes(rule: Rule, right: str) -> None:
    """The rules do not complain about what lies just inside of them."""
    assert list(rule(right)) == []


@pytest.mark.parametrize("name", ["utils", "string_helpers", "common", "PaymentManager", "BaseService"])
def test_a_name_that_says_nothing_is_found(name: str) -> None:
    """Modules, folders and classes named after nothing are found wherever they stand."""
    for path, source in ((f"src/{name}.py", ""), (f"src/{name}/money.py", ""), ("src/a.py", f"class {name}: ...")):
        assert any("says nothing" in complaint for complaint in rules.empty_names(path, source))


def test_names_that_only_contain_such_a_word_pass() -> None:
    """A database is not a base, and neither the word nor a variable of that name is a breach."""
    assert list(rules.empty_names("src/storage/database.py", "class Database:\n    base_url = 1\n")) == []


def test_blank_lines_do_not_count() -> None:
    """The proportion of tests to source is of lines with something on them."""
    assert rules.code_lines(["a\n\n  \nb\n", "c"]) == 3


_TESTS = """
def agree(found):
    assert found == 1

def test_asserts():
    assert look()

def test_awaits_a_failure():
    with pytest.raises(ValueError):
        look()

def test_expects_of_a_page():
    expect(page).to_be_visible()

def test_asserts_by_a_function_of_its_own():
    agree(look())

def test_only_looks():
    look()

def not_a_test():
    assert look()
"""


def test_a_test_that_cannot_fail_by_what_it_finds_does_not_count() -> None:
    """One that only calls the code may stay, and does not make up for one that is taken out."""
    assert rules.asserted_tests(_TESTS) == [
        "test_asserts",
        "test_awaits_a_failure",
        "test_expects_of_a_page",
        "test_asserts_by_a_function_of_its_own",
    ]


@pytest.mark.parametrize(("reached", "complaint"), [(99.9, "are left"), (120.2, "raise THE_BAR from 100")])
def test_a_bar_that_is_missed_or_far_behind_is_told(reached: float, complaint: str) -> None:
    """A fall below the bar is a fault, and so is a bar that would not notice one."""
    expect_at_the_bar("THE_BAR", 100, 100)
    expect_at_the_bar("THE_BAR", 119, 100)
    with pytest.raises(AssertionError, match=complaint):
        expect_at_the_bar("THE_BAR", reached, 100)
