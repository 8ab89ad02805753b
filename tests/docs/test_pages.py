"""Pages that are made from the house itself, and the site that they all become."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.values.notices import NoticeKind
from tests.desk import opened
from tests.docs import architecture, commands, decisions
from tests.docs.pages import DOCS, holds
from tests.process import HOUSE

LOADED = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=\"(?:https?:)?//[^\"]*\"")


def test_the_picture_has_every_room() -> None:
    """The table that the layers' test holds, drawn."""
    holds("architecture.svg", architecture.picture())


def test_the_list_of_decisions_is_whole() -> None:
    """One line a file."""
    holds("decisions/index.md", decisions.index())


async def test_the_tour_may_be_typed(tmp_path: Path) -> None:
    """No command of the tour is refused by a fresh demo."""
    text = (DOCS / "tour.md").read_text(encoding="utf-8")
    typed = [line for line in re.findall(r"(?:^|`)(/[a-z].*?)(?:`|$)", text, re.MULTILINE) if "-" not in line]
    assert "/buy 25 SBER" in typed
    account = {"name": "Testing", "broker": "paper", "cash": "1000000"}
    async with opened(tmp_path, began=commands.BEGAN, account=account, market={"still": True}) as desk:
        for line in typed:
            notice = await desk.say(line)
            assert notice.kind is not NoticeKind.REFUSED, f"{line}: {notice.params}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def pages(site: Path) -> Iterator[tuple[Path, str]]:
    for path in site.rglob("*.html"):
        yield path, path.read_text(encoding="utf-8")


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    """No script, font, style or picture of another host: they can be read without internet."""
    found = {path.name: match[0] for path, text in pages(site) if (match := LOADED.search(text))}
    assert found == {}
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert "url(http" not in styles
    assert "@import" not in styles


def test_every_picture_says_what_it_shows(site: Path) -> None:
    """To whoever cannot see it."""
    silent = [path.name for path, text in pages(site) for tag in re.findall(r"<img[^>]*>", text) if 'alt=""' in tag]
    assert silent == []
