"""The house rules as functions of a file's text: each returns what is wrong, one line a fault."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

LONGEST_FUNCTION_LINES: Final = 50
LONGEST_FILE_LINES: Final = 400
BANNED_WORDS: Final = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "base"})
"""Words that say nothing of what a module or a class is for."""
NOT_VALUES: Final = frozenset({"secrets", "uuid", "threading", "socket", "multiprocessing", "concurrent.futures"})
"""Modules that bring chance, threads or the network: what decides is given these things instead."""
_CHANCE = (
    "betavariate choice choices expovariate gauss getrandbits randbytes randint random randrange sample seed shuffle"
)
NOT_VALUES_OF: Final = {
    # `random.Random` may be named: a generator is what a universe passes in.
    "random": frozenset({*_CHANCE.split(), "SystemRandom", "uniform"}),
    "time": frozenset({"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"}),
    "os": frozenset({"urandom", "getrandom", "environ", "getenv", "getpid"}),
    "datetime": frozenset({"now", "utcnow", "today"}),
    "date": frozenset({"today"}),
    "asyncio": frozenset({"to_thread", "open_connection", "start_server"}),
    "anyio": frozenset({"to_thread", "from_thread"}),
}
_FORBIDDEN_TEXT: Final = {
    "a path of somebody's machine": r"(?<![\w.])/(?:work|root|home|Users|opt/(?:wheels|pypi))/[\w.]|(?<![\w.])/tmp/\w",
    "a package registry's address": r"(?:pypi|npmjs|pythonhosted|yarnpkg|deb\.debian)\.(?:org|com)\b",
    "an emoji": "[\U0001f300-\U0001faff\u2705\u2728\u274c\u26a0\u26a1\u2b50]",
}
_SILENCED = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b[:\s\w,\[\]-]*?(?P<reason>(?:#| - )\s*\S.*)?$")
_EXPECTATIONS: Final = frozenset({"raises", "warns", "expect", "fail"})
"""Calls that fail a test by themselves: of pytest and of Playwright."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_functions(source: str) -> Iterator[str]:
    """Functions of more than 50 lines, docstring included."""
    for function in _functions(ast.parse(source)):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > LONGEST_FUNCTION_LINES:
            yield f"{function.name} has {lines} lines; {LONGEST_FUNCTION_LINES} are allowed"


def long_file(source: str) -> Iterator[str]:
    """A file of more than 400 lines."""
    lines = len(source.splitlines())
    if lines > LONGEST_FILE_LINES:
        yield f"has {lines} lines; {LONGEST_FILE_LINES} are allowed"


def empty_names(path: str, source: str) -> Iterator[str]:
    """Folders, modules and classes named after nothing in particular."""
    names = [*path.removesuffix(".py").split("/")]
    names += [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    for name in names:
        for word in BANNED_WORDS.intersection(_words(name)):
            yield f"{name} is named {word!r}, which says nothing"


def not_given(source: str) -> Iterator[str]:
    """Clock, chance, threads and network taken from Python itself instead of being passed in."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"imports {name.name}" for name in node.names if name.name in NOT_VALUES)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            named = NOT_VALUES_OF.get(module, frozenset())
            yield from (
                f"imports {module}.{name.name}" for name in node.names if module in NOT_VALUES or name.name in named
            )
        elif isinstance(node, ast.Attribute) and node.attr in NOT_VALUES_OF.get(_last_name(node.value), frozenset()):
            yield f"uses {_last_name(node.value)}.{node.attr}"


def mocks(source: str) -> Iterator[str]:
    """Stand-ins for our own code, where a test should run the real thing."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            imported = [module, *(f"{module}.{name.name}".lstrip(".") for name in node.names)]
            if any(name.split(".")[0] == "mock" or name.startswith("unittest.mock") for name in imported):
                yield "imports mocks"


def untold_tests(source: str) -> Iterator[str]:
    """Tests that do not say in a sentence what holds."""
    for function in _functions(ast.parse(source)):
        told = ast.get_docstring(function) or ""
        if function.name.startswith("test_") and not told.rstrip().endswith((".", "?", "!")):
            yield f"{function.name} does not say in a sentence what holds"


def untold_names(source: str) -> Iterator[str]:
    """Public modules, classes and functions without a docstring."""
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        yield "has no docstring"
    # What a class has from another may keep that one's docstring.
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    roots = (node.body for node in classes if not node.bases and not node.name.startswith("_"))
    for body in (tree.body, *roots):
        for node in body:
            if isinstance(node, _Function | ast.ClassDef) and not node.name.startswith("_") and not _is_told(node):
                yield f"{node.name} has no docstring"


def silent_silencing(source: str) -> Iterator[str]:
    """Lints and types that are silenced without a reason beside them."""
    for number, line in enumerate(source.splitlines(), start=1):
        found = _SILENCED.search(line)
        if found and not found["reason"]:
            yield f"line {number} silences a check without a reason"


def forbidden_text(text: str) -> Iterator[str]:
    """Paths of a machine, addresses of registries, and emojis."""
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in _FORBIDDEN_TEXT.items():
            if re.search(pattern, line):
                yield f"line {number} has {what}: {line.strip()[:80]}"


def asserted_tests(source: str) -> list[str]:
    """The tests that can fail by what they find: they assert, expect or await a failure themselves, or call a function
    of their own file that does."""
    functions = {function.name: function for function in _functions(ast.parse(source))}
    asserting = {name for name, function in functions.items() if _asserts(function)}
    called = {
        name: {_last_name(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
        for name, function in functions.items()
    }
    return [name for name in functions if name.startswith("test_") and (name in asserting or called[name] & asserting)]


def code_lines(sources: Iterable[str]) -> int:
    """How many lines are not blank."""
    return sum(1 for source in sources for line in source.splitlines() if line.strip())


def _functions(tree: ast.AST) -> Iterator[_Function]:
    return (node for node in ast.walk(tree) if isinstance(node, _Function))


def _asserts(function: _Function) -> bool:
    calls = {_last_name(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    return bool(calls & _EXPECTATIONS) or any(isinstance(node, ast.Assert) for node in ast.walk(function))


def _is_told(node: _Function | ast.ClassDef) -> bool:
    overloads = {"overload", "override"}
    return bool(ast.get_docstring(node)) or any(_last_name(mark) in overloads for mark in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
