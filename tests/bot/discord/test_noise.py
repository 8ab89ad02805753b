"""How loud Discord's channels are: as the owner wants it, and silent where Telegram tells all of their readers."""

from __future__ import annotations

from datetime import UTC

import pytest

from core.rules.noise import USUAL
from core.services.noise import Noise
from core.values.ids import NoticeId, UserId
from core.values.notices import Notice, NoticeKind
from core.values.people import owner_person
from tests.bot.discord.conftest import Chat, running
from tests.desk import TestDesk
from tests.servers.discord import ERROR, LOG, DiscordServer

SILENT = 1 << 12
"""Discord's flag of a message that notifies nobody."""


def told(desk: TestDesk, words: str, kind: NoticeKind = NoticeKind.INFO, *, critical: bool = False) -> Notice:
    params = {"ticker": "SBER", "message": words, "price": ""}
    return Notice(NoticeId(words), desk.now, kind, "alert.told", params, critical=critical)


def flags(server: DiscordServer, words: str, channel: int = LOG) -> list[int]:
    return [message["flags"] for message in server.shown(channel) if words in message["content"]]


@pytest.mark.parametrize(("level", "seen"), [("on", [0]), ("silent", [SILENT]), ("off", [])])
async def test_a_channel_is_as_loud_as_the_owner_wants(chat: Chat, level: str, seen: list[int]) -> None:
    """Errors come through in both channels."""
    await chat.desk.engine.office.noise.choose({"alerts": level}, owner_person("test"))
    await chat.told(told(chat.desk, "usual"))
    await chat.told(told(chat.desk, "broken", NoticeKind.ERROR))
    await chat.logged("broken", ERROR)
    assert flags(chat.server, "usual") == seen
    assert (flags(chat.server, "broken"), flags(chat.server, "broken", ERROR)) == ([0], [0])


async def test_nobody_is_rung_twice(desk: TestDesk, server: DiscordServer) -> None:
    """Telegram tells all who read here: the channel has the message without a sound, and what is critical with one."""
    noise = Noise(desk.engine.store, desk.wire, UTC, USUAL, [UserId("boss")], alone=True)
    async with running(desk, server, noise=noise) as chat:
        await chat.told(told(desk, "usual"))
        await chat.told(told(desk, "naked", critical=True))
        await chat.logged("usual")
        await chat.logged("naked")
    assert (flags(server, "usual"), flags(server, "naked")) == ([SILENT], [0])
