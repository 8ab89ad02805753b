"""docs/decisions/index.md: every decision by its number and title."""

from __future__ import annotations

from tests.docs.pages import DOCS

HEAD = """\
# Decisions

Why things are as they are. A decision is short: what was open, what was chosen, what it costs. Numbers are never used
twice; what no longer holds says so.
"""


def index() -> str:
    """Raises ValueError for a decision without a title of the form `# 12. People`."""
    rows = []
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        number, dot, title = first.removeprefix("# ").partition(". ")
        if not dot or int(number) != int(path.name[:4]):
            raise ValueError(f"{path.name} begins with {first!r}, not with its number and title")
        rows.append(f"| {number} | [{title}]({path.name}) |")
    return "\n".join([HEAD, "| | |", "|---|---|", *rows, ""])
