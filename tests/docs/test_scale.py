"""docs/scale.md: its table and its picture are what the simulation says (benchmarks/scale.py)."""

from __future__ import annotations

import io
import os

from PIL import Image

from benchmarks import scale
from tests.docs.pages import DOCS, WRITE, holds


def test_the_table_is_what_the_simulation_says() -> None:
    """Word for word, between the words around it."""
    before, _, rest = (DOCS / "scale.md").read_text(encoding="utf-8").partition("| people |")
    after = rest.partition("\n\n")[2]
    holds("scale.md", f"{before}{scale.table()}\n{after}")


def test_the_picture_is_what_the_simulation_says() -> None:
    """Point for point, however its file was packed."""
    drawn = scale.picture()
    if os.environ.get(WRITE):
        (DOCS / "scale.png").write_bytes(drawn)
    with Image.open(DOCS / "scale.png") as kept, Image.open(io.BytesIO(drawn)) as made:
        assert kept.tobytes() == made.tobytes(), "docs/scale.png is out of date: run `make docs-samples`"
