"""The whole desk with both chats on: the tour from each of them alone, and one trade seen on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.chats import API_TOKEN, PASSPHRASE, Trio, both_chats
from tests.servers import discord as discord_wire
from tests.servers import telegram as telegram_wire
from tests.servers.discord import ANN, LOG, STUDY, TOM


@pytest.fixture
async def trio(tmp_path: Path) -> AsyncIterator[Trio]:
    async with both_chats(tmp_path) as trio:
        yield trio


def alert(**changes: Any) -> dict[str, Any]:
    return {
        "ticker": "SBER",
        "exchange": "MOEX",
        "action": "buy",
        "message": "entry",
        "price": "300",
        "long SL": "290",
        "long TP": "330",
        "subaccount": "Testing",
        "passphrase": PASSPHRASE,
        "chart_url": "https://charts.example/x",
        **changes,
    }


async def ask(trio: Trio, method: str, path: str, body: Any = None) -> Any:
    status, answer = await asyncio.to_thread(trio.desk.ask, method, path, body)
    assert status == 200, answer
    return answer


async def items(trio: Trio, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(trio, "GET", f"/api/v1/{name}"))["items"]
    return found


async def test_the_tour_from_telegram_alone(trio: Trio) -> None:
    """Help, an alert's fill, positions, why, a trade by hand, cancel, kill and arm."""
    chat = trio.telegram
    await chat.shown("The desk is open")
    await chat.say("/help")
    await chat.shown("/positions")
    answer = await ask(trio, "POST", "/tradingview-to-webhook-order", alert())
    await chat.shown("(entry, Testing): filled")
    await chat.say("/positions")
    await chat.shown("protected by broker")
    await chat.say(f"/why {answer['alert_id']}")
    await chat.shown("INTENDED, 0 filled.")
    await chat.say("/buy 25 SBER")
    await chat.shown("Rounded down from 25 to 20")
    await chat.say("/orders")
    await chat.shown("Live orders: 3")
    await chat.say("/cancel")
    await chat.shown("Cancelled 2 orders, 0 still live")
    await chat.say("/kill")
    await chat.shown("HALTED. Cancelled")
    await chat.say("/buy 10 SBER")
    await chat.shown("Refused: halted")
    await chat.say("/arm")
    await chat.shown("trading is allowed again")
    assert trio.strays() == ""


async def test_the_tour_from_discord_alone(trio: Trio) -> None:
    """The same through slash commands, for somebody who is known only by a role of the server."""
    server = trio.discord

    async def slash(name: str, **options: Any) -> str:
        number = await server.slash(ANN, name, **options)
        said = await server.answer(number)
        return str(said)

    assert "/positions" in await slash("help")
    await ask(trio, "POST", "/tradingview-to-webhook-order", alert())
    await server.until(lambda: any("(entry, Testing): filled" in text for text in server.texts(LOG)))
    assert "protected by broker" in await slash("positions")
    assert "Rounded down from 25 to 20" in await slash("buy", ticker="SBER", amount="25")
    assert "Live orders: 3" in await slash("orders")
    assert "0 still live" in await slash("cancel")
    assert "HALTED" in await slash("kill")
    assert "halted" in await slash("buy", ticker="SBER", amount="10")
    assert "allowed again" in await slash("arm")
    assert trio.strays() == ""


async def test_one_proposal_on_both_chats(trio: Trio) -> None:
    """A study alert asks on both; the word given on Telegram shows on Discord's card, and there is one order."""
    chat, server = trio.telegram, trio.discord
    await ask(trio, "POST", "/tradingview-to-discord-study", alert())
    card = await chat.shown("Approve?")
    await server.until(lambda: any("!payload" in text for text in server.texts(STUDY)))
    await server.until(lambda: any("Approve?" in text for text in server.texts(STUDY)))
    await chat.press(card.buttons["Approve"], card)
    await server.until(lambda: any("Approved by owner (telegram)" in text for text in server.texts(STUDY)))
    await chat.shown("(entry, Testing): filled")
    entries = [order for order in await items(trio, "orders") if order["role"] == "entry"]
    assert [order["state"] for order in entries] == ["FILLED"]


async def test_typed_payloads(trio: Trio) -> None:
    """LE-32, LE-33: an approver's is sent at once, a trader's becomes a proposal."""
    server = trio.discord
    text = '{"ticker":"SBER","action":"buy","message":"entry","price":"300","long SL":"290","subaccount":"Testing"}'
    await server.says(ANN, f"!payload {text}")
    await server.until(lambda: any("(entry, Testing): filled" in said for said in server.texts(LOG)))
    await server.says(TOM, f"!payload {text.replace('290', '289')}")
    await server.until(lambda: any("Approve?" in said for said in server.texts(STUDY)))
    entries = [order for order in await items(trio, "orders") if order["role"] == "entry"]
    assert len(entries) == 1


async def test_no_secret_is_said_and_nothing_leaves_loopback(trio: Trio, tmp_path: Path) -> None:
    """Tokens and passphrase stand in no message and no log; every connection goes to this machine."""
    await ask(trio, "POST", "/tradingview-to-discord-study", alert())
    await trio.telegram.shown("Approve?")
    await trio.discord.until(lambda: any("!payload" in text for text in trio.discord.texts(STUDY)))
    await trio.telegram.say("/status")
    await trio.telegram.shown("Live orders")
    assert await asyncio.to_thread(trio.desk.stop) == 0
    log = (tmp_path / "d" / "logs" / "desk.jsonl").read_text(encoding="utf-8")
    for secret in (API_TOKEN, PASSPHRASE, telegram_wire.TOKEN, discord_wire.TOKEN):
        assert secret not in trio.everything_said()
        assert secret not in log
    assert trio.strays() == ""
