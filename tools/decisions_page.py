"""The page that lists the decisions, made from their heads."""

import re
from pathlib import Path
from typing import Final

from tools.markdown import page, table

_DECISIONS: Final = Path(__file__).parent.parent / "docs" / "decisions"
_HEAD: Final = re.compile(r"# \d+\. (?P<title>.+)\n\nDate: (?P<date>\S+) · Status: (?P<status>\w+)")


def decisions_page() -> str:
    """Every decision with its title, its date, and whether it still counts."""
    rows = []
    for file in sorted(_DECISIONS.glob("*.md")):
        head = _HEAD.match(file.read_text(encoding="utf-8"))
        if head is not None:
            rows.append((f"[{head['title']}](decisions/{file.name})", head["date"], head["status"]))
    return page(
        [
            "# Decisions",
            "Why things are as they are: each page has the question, what was weighed, and what was chosen.",
            table(("Decision", "Date", "Status"), rows),
        ]
    )
