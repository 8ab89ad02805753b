"""The settings' side of noise: what is usual, and who is reached by two chats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.rules.noise import Level
from core.values.ids import DeskId, NoticeId, UserId
from core.values.notices import Notice, NoticeKind
from openoutcry.persons import noise_of
from openoutcry.settings import SettingsError, load_settings
from storage.memory import MemoryStore, Tables

ANN = {"name": "ann", "role": "approver", "telegram_id": 5, "discord_id": 7}
CHATS: dict[str, Any] = {
    "telegram": {"token": "1:x", "allowed_user_ids": [5]},
    "discord": {"token": "x", "approver_user_ids": [7]},
}


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, Level.SILENT),
        ({"discord": {**CHATS["discord"], "trader_user_ids": [8]}}, Level.ON),
        ({"discord": {**CHATS["discord"], "trader_role_ids": [9]}}, Level.ON),
        ({"telegram": {}}, Level.ON),
        ({"noise": {"first": "discord"}}, Level.ON),
    ],
)
def test_discord_is_silent_only_where_telegram_tells_all_of_its_readers(changes: dict[str, Any], level: Level) -> None:
    """A reader who is nowhere else, or whom only a role lets in, hears it there."""
    settings = load_settings(None, **{**CHATS, "people": [ANN], **changes})
    clock = SystemClock()
    noise = noise_of(settings, MemoryStore(Tables(DeskId(0))), clock)
    assert noise.channel(Notice(NoticeId("n"), clock.now(), NoticeKind.INFO, "alert.told")) is level


def test_the_settings_words_are_everybodys_until_they_choose() -> None:
    """In the words that are typed."""
    settings = load_settings(None, noise={"entries": "off", "quiet": "23:00-07:00", "digest": True})
    clock = SystemClock()
    words = noise_of(settings, MemoryStore(Tables(DeskId(0))), clock).of(UserId("anybody"))
    assert (words["entries"], words["quiet"], words["digest"], words["exits"]) == ("off", "23:00-07:00", "on", "on")


def test_hours_that_are_none_end_the_start(tmp_path: Path) -> None:
    """Naming the key."""
    file = tmp_path / "settings.toml"
    file.write_text('[noise]\nquiet = "late"\n')
    with pytest.raises(SettingsError, match=r"noise\.quiet: quiet hours look like"):
        load_settings(file)
