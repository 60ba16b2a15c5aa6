"""Where settings are written: the environment and a file `.env`, read into texts by name, and what is odd there.

A text that is empty, or white space alone, counts as not set, as `${NAME:-}` of a Compose file gives it. Names may be
written in lower case.
"""

import difflib
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen
from dotenv.main import resolve_variables
from dotenv.parser import Binding, parse_stream
from pydantic.fields import FieldInfo

from pokea.setting_rules import Complaint, Severity

_PREFIXES: Final = ("MPESA_", "POKEA_")
_OTHER_NAMES: Final = frozenset({"POKEA_TOKEN"})
"""Read elsewhere: the token of `pokea pay`."""
_MADE_BY_KUBERNETES: Final = re.compile(
    r"POKEA_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
"""Every pod gets these for a service that is called `pokea`."""
_ALSO_CALLED: Final = {"live": "production", "test": "sandbox", "testing": "sandbox", "sim": "simulator"}
_ALIKE: Final = 0.6
_NEARLY_THE_SAME: Final = 0.9
_LONGEST_FILE: Final = 1_000_000


class Sources(NamedTuple):
    """What the sources hold: the text of each setting by its name in lower case, and what is wrong with the sources.

    `is_whole` is false when a source exists and could not be read, so that what is missing may stand in it.
    """

    values: Mapping[str, str]
    complaints: tuple[Complaint, ...]
    is_whole: bool


def read_sources(environment: Mapping[str, str], file: Path | None, known: Collection[str]) -> Sources:
    """The settings of the environment and of the file, where the environment wins. `known` are the names of all."""
    complaints: list[Complaint] = []
    in_file: Mapping[str, str] = {}
    is_whole = True
    if file is not None:
        try:
            text = _text_of(file)
        except ValueError as failure:
            says = f"{file} {failure}: make it a readable text file in UTF-8, or remove it."
            complaints.append(Complaint(str(file), Severity.STOPS, says))
            text, is_whole = "", False
        lines = list(parse_stream(io.StringIO(text)))
        complaints += [*_broken_lines(lines, file), *_written_twice(lines, file, known)]
        pairs = [(line.key, line.value) for line in lines if line.key is not None]
        in_file = {name: value for name, value in resolve_variables(pairs, override=True).items() if value is not None}
    values: dict[str, str] = {}
    for source in (in_file, environment):
        upper = {name.upper(): value for name, value in source.items()}
        values |= {name: upper[name] for name in known if upper.get(name, "").strip()}
    complaints += _misspelt({**in_file, **environment}, frozenset(known))
    return Sources({name.lower(): value for name, value in values.items()}, tuple(complaints), is_whole)


def _text_of(file: Path) -> str:
    """The file's text, empty where there is no file; raises ValueError with the end of a sentence about it."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LONGEST_FILE + 1)
    except FileNotFoundError:
        if file.is_symlink():
            raise ValueError("is a link to a file that does not exist") from None
        return ""
    except IsADirectoryError:
        raise ValueError("is a folder and not a file") from None
    except OSError as failure:
        raise ValueError(f"cannot be read ({failure.strerror})") from None
    if len(content) > _LONGEST_FILE:
        raise ValueError("is too long to be a file of settings")
    try:
        # Editors on Windows put a mark of the byte order before the first name.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not written in UTF-8") from None
    if "\0" in text:
        raise ValueError("is not written in UTF-8")
    return text


def _broken_lines(lines: Sequence[Binding], file: Path) -> Iterator[Complaint]:
    for line in lines:
        if line.error:
            says = f"{file} line {line.original.line} cannot be read and is ignored: write NAME=value, quotes closed."
            yield Complaint(str(file), Severity.WARNS, says)


def _written_twice(lines: Sequence[Binding], file: Path, known: Collection[str]) -> Iterator[Complaint]:
    """Where one setting stands with two values: who edits the first one changes nothing."""
    last: dict[str, Binding] = {}
    for line in lines:
        name = (line.key or "").upper()
        before = last.get(name)
        if name in known and before is not None and before.value != line.value:
            says = f"{name} stands twice in {file}, on lines {_at(before)} and {_at(line)}: the later one counts."
            yield Complaint(name, Severity.WARNS, f"{says} Remove the other.")
        last[name] = line


def _at(line: Binding) -> int:
    """The number of the line on which the name stands: a binding begins with the blank lines before it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _misspelt(written: Mapping[str, str], known: frozenset[str]) -> Iterator[Complaint]:
    for name in sorted({name.upper() for name in written}):
        if name in known or name in _OTHER_NAMES or _MADE_BY_KUBERNETES.fullmatch(name):
            continue
        is_ours = name.startswith(_PREFIXES)
        meant = meant_by(name, known, _ALIKE if is_ours else _NEARLY_THE_SAME)
        if meant is not None:
            yield Complaint(name, Severity.WARNS, f"{name} is no setting and is ignored: did you mean {meant}?")
        elif is_ours:
            says = f"{name} is no setting and is ignored: docs/settings.md has all of them."
            yield Complaint(name, Severity.WARNS, says)


def what_is_taken(info: FieldInfo, value: object, otherwise: str) -> str:
    """What the setting takes instead of the value; pydantic's own words only where nothing else is known."""
    kinds = {info.annotation, *get_args(info.annotation)}
    if get_origin(info.annotation) is Literal:
        choices = get_args(info.annotation)
        text = str(value)
        meant = _ALSO_CALLED.get(text.lower()) or meant_by(text.lower(), {each.lower(): each for each in choices})
        named = next((each for each in choices if meant in (each, each.lower())), None)
        return f"must be one of {', '.join(choices)}" + (f": did you mean {named}?" if named else ".")
    longest = next((limit.max_length for limit in info.metadata if isinstance(limit, MaxLen)), None)
    if isinstance(value, str) and longest is not None and len(value) > longest:
        return f"must have at most {longest} characters."
    if bool in kinds:
        return "must be true or false."
    if not kinds & {int, float, Decimal}:
        return f"{otherwise}."
    limits = [
        f"{words} {bound}"
        for limit in info.metadata
        for kind, words, bound in (
            (Ge, "at least", getattr(limit, "ge", None)),
            (Gt, "more than", getattr(limit, "gt", None)),
            (Le, "at most", getattr(limit, "le", None)),
        )
        if isinstance(limit, kind)
    ]
    places = next((each.decimal_places for each in info.metadata if hasattr(each, "decimal_places")), None)
    most = f" of at most {places} decimals" if places is not None else ""
    number = "a whole number" if int in kinds else f"a number{most}"
    return f"must be {number}, {' and '.join(limits)}, written in digits without a comma."


def meant_by(text: str, choices: Collection[str], alike: float = _ALIKE) -> str | None:
    """The choice that the text was probably meant to be, if one is near enough."""
    begun = [choice for choice in choices if choice.startswith(text)]
    if len(begun) == 1:
        return begun[0]
    bare = {_bare(choice): choice for choice in choices}
    near = difflib.get_close_matches(_bare(text), bare, n=1, cutoff=alike)
    return bare[near[0]] if near else None


def _bare(name: str) -> str:
    """The name without what tells nothing: MPESA_SHORT_CODE and MPESA_SHORTCODE are the same."""
    return name.replace("_", "").replace("-", "")
