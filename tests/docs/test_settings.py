"""docs/settings.md: nothing is missing, everything is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from openoutcry.settings import load_settings
from tests.docs import settings
from tests.docs.pages import holds


def test_the_page_is_what_the_program_takes() -> None:
    """Names and defaults of the models, comments of the example file."""
    holds("settings.md", settings.page())


def test_every_setting_says_what_it_means() -> None:
    """A setting without a comment in settings.example.toml is one that nobody can find out about."""
    said = settings.meanings()
    assert [each.path for each in settings.settings() if not settings.meaning(each, said)] == []


def test_every_meaning_is_of_a_setting() -> None:
    """The example file explains nothing that is gone."""
    known = {each.path for each in settings.settings()} | {"accounts.name", "accounts.broker"}
    said = {path for path in settings.meanings() if "." in path and not path.startswith("tickers")}
    sections = {each.section for each in settings.settings()}
    assert said - known - sections == set()


def test_the_examples_load_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file of all examples is a file that the program takes."""
    monkeypatch.chdir(tmp_path)
    lines, section = list[str](), ""
    for each in settings.settings():
        if each.section != section:
            section = each.section
            top = section.partition(".")[0]
            lines.append(f"[[{top}]]" if top in {"accounts", "people"} else f"[{section}]")
        lines.append(each.example)
        if each.secret:
            secret = "postgresql://desk:a-secret@127.0.0.1/desk" if "database_url" in each.example else "a secret"
            (tmp_path / each.example.split('"')[1]).write_text(secret, encoding="utf-8")
    (tmp_path / "all.toml").write_text("\n".join(lines), encoding="utf-8")
    loaded = load_settings(tmp_path / "all.toml")
    assert [account.name for account in loaded.accounts] == ["Testing", "Broker", "Coins", "America", "India"]
    assert loaded.risk.order_value_max == 100000
