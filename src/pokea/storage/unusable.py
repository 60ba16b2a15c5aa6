"""What to do about a database that cannot be used: what its driver says names the cause, and seldom the way out."""

import os
from pathlib import Path
from typing import Final

_SETTING: Final = "POKEA_DATABASE_URL"
_BY_WORDS: Final = (
    ("file is not a database", f"Name another file in {_SETTING}, or put a copy of the database back."),
    ("locked", "End the other program that holds it, and start again."),
    ("full", "Make room on its disk, and start again."),
    ("readonly", "Let this user write the file and its folder."),
    ("authentication failed", f"Correct the user and the password in {_SETTING}."),
    ("no password supplied", f"Write the password into {_SETTING}."),
    ("does not exist", f"Make it on the server, or correct its name in {_SETTING}."),
    ("refused", f"Start the server, or correct host and port in {_SETTING}."),
    ("timeout", f"Start the server, or correct host and port in {_SETTING}; a firewall may stand before it."),
    ("resolve", f"Correct the host in {_SETTING}."),
    ("No such file", f"Start the server, or correct the folder of its socket in {_SETTING}."),
)


def why_no_file(file: Path) -> str | None:
    """Why no database can be opened at this path, with what to do about it; None where the path tells nothing."""
    try:
        return _hindrance(file)
    except OSError as failure:
        return f"{failure.strerror or failure}. Name another file in {_SETTING}."


def _hindrance(file: Path) -> str | None:
    folder = file.parent
    if file.is_dir():
        return f"it is a folder. Let {_SETTING} name a file in it."
    if not folder.exists():
        return f"its folder {folder} does not exist. Make the folder, or name another file in {_SETTING}."
    if not folder.is_dir():
        return f"{folder} is no folder. Name another file in {_SETTING}."
    closed = next((place for place in (folder, file) if place.exists() and not os.access(place, os.W_OK)), None)
    if closed is not None:
        return f"this user may not write {closed}. Allow it, or name another file in {_SETTING}."
    return None


def with_what_to_do(reason: str) -> str:
    """The reason that a driver gave, followed by what to do about it where that is known."""
    advice = next((says for words, says in _BY_WORDS if words in reason), "Look at the log of the database.")
    return f"{reason}. {advice}"
