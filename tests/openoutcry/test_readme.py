"""What README tells people to paste works as it stands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from openoutcry.settings import load_settings
from tests.process import HOUSE, ORDER_ROUTE, demo

README = (HOUSE / "README.md").read_text(encoding="utf-8")
RENDERED = {
    "{{ticker}}": "SBER",
    "{{exchange}}": "MOEX",
    "{{close}}": "300",
    '{{plot("SL")}}': "290",
    '{{plot("TP")}}': "330",
}


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, without their list's indent."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def test_the_alert_text_is_accepted_once_a_chart_has_filled_it_in(tmp_path: Path) -> None:
    """Placeholders become what TradingView puts there; the rest is sent as README has it."""
    (text,) = blocks("json")
    with demo(tmp_path / "d") as desk:
        now = str(desk.items("notices")[0]["at"])
        for placeholder, value in {**RENDERED, "{{timenow}}": now[:19] + "Z"}.items():
            assert placeholder in text
            text = text.replace(placeholder, value)
        text = text.replace("the one from your settings", desk.sample["passphrase"])
        status, answer = desk.ask("POST", ORDER_ROUTE, text.encode(), token="")
        assert (status, answer["status"]) == (200, "accepted")
        desk.wait_for("positions", lambda rows: [row["protected_by"] for row in rows] == ["broker"])


@pytest.mark.parametrize("number", range(2))
def test_the_chats_settings_load(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block of settings is one that the program takes."""
    for name in ("telegram.token", "discord.token"):
        (tmp_path / name).write_text("123456:a-token", encoding="utf-8")
    (tmp_path / "settings.toml").write_text(blocks("toml")[number], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    settings = load_settings(tmp_path / "settings.toml")
    assert settings.telegram.token.get_secret_value() or settings.discord.token.get_secret_value()


def test_the_example_settings_load() -> None:
    """settings.example.toml is complete and right."""
    assert [account.name for account in load_settings(HOUSE / "settings.example.toml").accounts] == ["Testing"]
