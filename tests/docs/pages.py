"""Pages of docs/ that are made and not written: each is held to what it was made from."""

from __future__ import annotations

import os
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
WRITE = "OPENOUTCRY_WRITE_DOCS"


def holds(name: str, text: str) -> None:
    """The page is this text. With OPENOUTCRY_WRITE_DOCS=1 it is made so first."""
    path = DOCS / name
    if os.environ.get(WRITE):
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"there is no docs/{name}: run `make docs-samples`"
    assert path.read_text(encoding="utf-8") == text, f"docs/{name} is out of date: run `make docs-samples`"
