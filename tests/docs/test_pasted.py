"""What the set-up pages tell people to paste works as it stands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from openoutcry.settings import load_settings
from tests.process import HOUSE, ORDER_ROUTE, demo

PAGES = ("telegram", "discord", "tinvest", "alpaca", "angelone", "crypto", "people")
RENDERED = {
    "{{ticker}}": "SBER",
    "{{exchange}}": "MOEX",
    "{{close}}": "300",
    '{{plot("SL")}}': "290",
    '{{plot("TP")}}': "330",
}


def block(page: str, language: str) -> str:
    """The first fenced block of a language, without its list's indent."""
    text = (HOUSE / "docs" / f"{page}.md").read_text(encoding="utf-8")
    found = re.search(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"docs/{page}.md has no {language}"
    return textwrap.dedent(found[1])


def test_the_alert_text_is_accepted_once_a_chart_has_filled_it_in(tmp_path: Path) -> None:
    """Placeholders become what TradingView puts there; the rest is sent as the page has it."""
    text = block("tradingview", "json")
    with demo(tmp_path / "d") as desk:
        now = str(desk.items("notices")[0]["at"])
        for placeholder, value in {**RENDERED, "{{timenow}}": now[:19] + "Z"}.items():
            assert placeholder in text
            text = text.replace(placeholder, value)
        text = text.replace("the one from your settings", desk.sample["passphrase"])
        status, answer = desk.ask("POST", ORDER_ROUTE, text.encode(), token="")
        assert (status, answer["status"]) == (200, "accepted")
        desk.wait_for("positions", lambda rows: [row["protected_by"] for row in rows] == ["broker"])


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_of_a_page_load(tmp_path: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block of settings is one that the program takes, with a file for each secret."""
    text = block(page, "toml")
    for name in re.findall(r'_file = "([^"]+)"', text):
        (tmp_path / name).write_text("123456:a-token", encoding="utf-8")
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    loaded = load_settings(tmp_path / "settings.toml")
    assert loaded.accounts or loaded.people or loaded.telegram.token or loaded.discord.token


def test_the_example_settings_load() -> None:
    """settings.example.toml is complete and right."""
    assert [account.name for account in load_settings(HOUSE / "settings.example.toml").accounts] == ["Testing"]
