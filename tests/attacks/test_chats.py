"""Both chats told rubbish by their servers: the bots go on."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from core.clock import SystemClock
from tests.attacks.garbling import garbled
from tests.attacks.spoilt import Rubbish
from tests.bot.discord.conftest import Chat as Discord
from tests.bot.discord.conftest import chat as discord
from tests.bot.discord.conftest import desk, server
from tests.bot.telegram.conftest import Chat as Telegram
from tests.desk import TestDesk
from tests.servers.discord import ANN
from tests.servers.telegram import TelegramServer
from tests.servers.telegram import telegram as serving

__all__ = ["desk", "discord", "server"]

SPOILT = 100


@pytest.fixture
async def telegram(desk: TestDesk) -> Any:
    async with serving() as found:
        yield Telegram(desk, found, SystemClock())


def spoilt_updates(server: TelegramServer, rng: random.Random, many: int) -> list[Any]:
    """Updates that no Telegram sends: JSON still, since what is none fails the whole poll."""
    found: list[Any] = []
    while len(found) < many:
        update = {"update_id": 700_000_000 + len(found), "message": server.message("hello")}
        try:
            thing = json.loads(garbled(json.dumps(update).encode(), rng))
        except (ValueError, RecursionError):
            continue
        if isinstance(thing, dict):  # a list of something else fails the whole poll, as what is no JSON does
            found.append({**thing, "update_id": update["update_id"]})
    return found


async def test_updates_that_nobody_sends_stop_no_poll(telegram: Telegram) -> None:
    """A hundred, then a good one: that command is answered."""
    rng = random.Random("telegram")
    async with telegram.running():
        for update in spoilt_updates(telegram.server, rng, SPOILT):
            await telegram.server.push_raw(update)
        await telegram.server.push_raw({"update_id": 700_900_000, "message": telegram.server.message("/health")})
        await telegram.server.shown("True")


# discord.py leaves a socket to the collector whose hello it cannot read
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_gateway_that_tells_rubbish_ends_no_bot(discord: Discord) -> None:
    """Events of all kinds, spoilt: it is left, logged into anew, and a command is answered."""
    rubbish = Rubbish()
    with pytest.MonkeyPatch.context() as patch:
        rubbish.over(patch)
        rubbish.talk = random.Random("gateway")
        while rubbish.spoilt < SPOILT:
            assert not discord.task.done()
            for name in ("status", "tasks", "health"):
                await discord.server.slash(ANN, name)
            await discord.desk.wire.advance(5)
            await discord.desk.breathe()
        rubbish.talk = None
    assert not discord.task.done()
    if discord.server.connected:
        await discord.server.cut()  # as Discord does every few hours: a log-in that was spoilt may wait until then
    for _ in range(200):
        if discord.server.connected:
            break
        await discord.desk.wire.advance(5)
        await discord.desk.breathe()
    assert (await discord.server.answer(await discord.server.slash(ANN, "health"))).done
