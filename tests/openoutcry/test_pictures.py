"""The whole desk with both chats on: an alert's picture reaches everybody, and later the trade's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from charts.palette import PALETTES
from core.values.charts import LevelRole, Theme
from tests.charts.pictures import read
from tests.chats import API_TOKEN, Trio, both_chats
from tests.servers.discord import LOG, STUDY


@pytest.fixture
async def trio(tmp_path: Path) -> AsyncIterator[Trio]:
    async with both_chats(tmp_path) as trio:
        yield trio


def _fetched(url: str) -> bytes:
    with urlopen(Request(url, headers={"Authorization": f"Bearer {API_TOKEN}"}), timeout=30) as answer:
        body: bytes = answer.read()
        return body


async def test_an_alert_and_its_trade_are_seen_by_everybody(trio: Trio) -> None:
    """The card at once and its picture by edit, on Telegram, Discord and the API alike; a picture of the entry, and of
    the exit at its target. Nothing leaves loopback."""
    chat, server, desk = trio.telegram, trio.discord, trio.desk
    _, sample = await asyncio.to_thread(desk.ask, "GET", "/api/v1/demo/sample")
    await asyncio.to_thread(desk.ask, "POST", "/tradingview-to-discord-study", sample)
    card = await chat.shown("Approve?")
    await chat.until(lambda: bool(card.photo))
    await server.until(lambda: server.pictures(STUDY))
    [proposal] = await asyncio.to_thread(desk.items, "proposals")
    assert server.pictures(STUDY) == [card.photo]
    assert await asyncio.to_thread(_fetched, f"{desk.url}{proposal['picture']}") == card.photo
    picture = read(card.photo)
    assert all(picture.has(PALETTES[Theme.DARK].levels[role]) for role in (LevelRole.ENTRY, LevelRole.STOP))

    await chat.press(card.buttons["Approve"], card)
    entry = await chat.shown("(entry, Testing): filled")
    await chat.until(lambda: bool(entry.photo))
    await server.until(lambda: len(server.pictures(LOG)) == 1)
    await asyncio.to_thread(desk.book, sample["ticker"], sample["long TP"], sample["long TP"])
    exit_ = await chat.shown("(target, Testing): filled")
    await chat.until(lambda: bool(exit_.photo))
    assert len({card.photo, entry.photo, exit_.photo}) == 3
    assert trio.strays() == ""
