"""What the pages name is there: commands, settings, refusals, command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import commands
from openoutcry import cli
from openoutcry.settings import Settings
from tests.docs import settings
from tests.docs.pages import DOCS
from tests.process import HOUSE
from texts import catalogue

PAGES = sorted([*DOCS.glob("*.md"), *HOUSE.glob("*.md")])
QUOTED = re.compile(r"`([^`\n]+)`")
ROUTES = {"/alert", "/livez", "/metrics", "/readyz", "/swagger", "/wsalerts"}
OTHERS = {"/newbot", "/setprivacy", "/setjoingroups"}
"""Said to another bot."""


def quoted(path: Path) -> Iterator[str]:
    yield from QUOTED.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_command_that_a_page_names_can_be_typed(path: Path) -> None:
    """By its name or another that it has."""
    known = {f"/{name}" for each in commands.table() for name in (each.name, *each.aliases)}
    named = {match[0] for text in quoted(path) if (match := re.match(r"/[a-z_]+(?= |$)", text))}
    assert named - known - ROUTES - OTHERS == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_setting_that_a_page_names_is_one(path: Path) -> None:
    """`section.key`."""
    known = {re.sub(r"^accounts\.\w+\.", "accounts.", each.path) for each in settings.settings()}
    known |= {path.rpartition(".")[0] for path in known}
    named = {text for text in quoted(path) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", text)}
    assert {text for text in named if text.partition(".")[0] in Settings.model_fields} - known == set()


@pytest.mark.parametrize("page", ["tinvest", "alpaca", "angelone", "crypto"])
def test_every_refusal_that_a_page_explains_is_one(page: str) -> None:
    """Its word stands in the catalogue, or where brokers and doors say no."""
    known = {key.rpartition(".")[2] for key in catalogue("en")}
    for room in ("brokers", "core", "webhook_receiver"):
        for source in (HOUSE / room).rglob("*.py"):
            known |= set(re.findall(r'"([a-z_]+)"', source.read_text(encoding="utf-8")))
    table = (DOCS / f"{page}.md").read_text(encoding="utf-8").partition("| word |")[2]
    words = {
        word for line in table.splitlines() if line.startswith("| `") for word in QUOTED.findall(line.split("|")[1])
    }
    assert words
    assert words - known == set()


def lines(path: Path) -> Iterator[str]:
    """Command lines of our own program in the fenced blocks."""
    for block in re.findall(r"^ *```(?:sh)?\n(.*?)^ *```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if match := re.search(r"(?:^|\| )(?:\.venv/bin/)?openoutcry (.*)", line.strip()):
                yield match[1]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_command_line_of_a_page_is_understood(path: Path) -> None:
    """By the program's own parser; nothing is run."""
    for line in lines(path):
        try:
            cli._parser().parse_args(shlex.split(line, comments=True))
        except SystemExit as refused:
            pytest.fail(f"openoutcry {line}: exit {refused.code}")


@pytest.mark.parametrize("path", sorted(HOUSE.glob("*.md")), ids=lambda path: path.stem)
def test_the_links_of_a_page_outside_the_site_lead_somewhere(path: Path) -> None:
    """Those inside it are MkDocs' to follow."""
    text = path.read_text(encoding="utf-8")
    linked = [*re.findall(r"\]\(([^)#]+)", text), *re.findall(r'src="([^"]+)"', text)]
    assert [link for link in linked if "://" not in link and not (HOUSE / link).exists()] == []
