"""docs/commands.md: every command, and what a still demo answers."""

from __future__ import annotations

from pathlib import Path

from tests.docs import commands
from tests.docs.pages import holds


async def test_the_page_is_what_the_desk_answers(tmp_path: Path) -> None:
    """All of it typed again, word for word. A command without a sample fails here, too."""
    holds("commands.md", await commands.page(tmp_path))
