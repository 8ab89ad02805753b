"""Logging in, staying in, coming back; and what must never leave."""

from __future__ import annotations

import logging
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.values.orders import OrderRole
from kit.secrets import Redactor
from openoutcry.logs import set_up_logs
from tests.bot.discord.conftest import PASSPHRASE, Chat, bot_for, running
from tests.desk import TestDesk
from tests.servers.discord import ANN, LOG, PRIVILEGED, TOKEN, DiscordServer, Fault

CONNECTIONS: list[Any] = []
NAMES: list[Any] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        CONNECTIONS.append(arguments[1])
    elif event == "socket.getaddrinfo":
        NAMES.append(arguments[0])


@cache
def _listen_once() -> None:
    """Hooks cannot be taken back: one is enough."""
    sys.addaudithook(_audit)


@pytest.fixture
def connections() -> list[Any]:
    """The address of every connection that this process makes from now on, as the interpreter's audit tells it."""
    _listen_once()
    CONNECTIONS.clear()
    NAMES.clear()
    return CONNECTIONS


async def until_back(chat: Chat) -> None:
    """Let the wire's time pass until the bot is connected again."""
    for _ in range(200):
        if chat.server.connected:
            return
        await chat.desk.wire.advance(5)
        await chat.desk.breathe()
    raise TimeoutError


async def test_nothing_leaves_loopback(
    desk: TestDesk, server: DiscordServer, connections: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Log-in, gateway, messages, resume: every connection goes to the one address, and no name is looked up."""
    async with running(desk, server) as chat:
        await desk.enter()
        await chat.logged("filled")
        await server.cut()
        await server.until(lambda: server.connected)
        await server.answer(await server.slash(ANN, "status"))
    assert connections
    assert {address[:2] for address in connections} == {("127.0.0.1", server.port)}
    assert {name for name in NAMES if name not in {"127.0.0.1", b"127.0.0.1"}} == set()


async def test_the_gateway_is_asked_for_where_none_is_set(
    desk: TestDesk, server: DiscordServer, connections: list[Any]
) -> None:
    """With api_base alone the bot goes where that API sends it."""
    async with running(desk, server, gateway_url=""):
        pass
    assert {address[:2] for address in connections} == {("127.0.0.1", server.port)}


async def test_the_intents_are_few(chat: Chat) -> None:
    """Guilds, guild messages, their content; nothing about members or presence."""
    assert chat.server.identifies[0]["intents"] == 1 | 1 << 9 | PRIVILEGED


async def test_without_text_commands_no_message_is_asked_for(desk: TestDesk, server: DiscordServer) -> None:
    """The smallest set there is: guilds."""
    async with running(desk, server, text_commands=False):
        assert server.identifies[0]["intents"] == 1


async def test_a_refused_message_content_intent_is_said_and_lived_without(
    desk: TestDesk, server: DiscordServer
) -> None:
    """Close code 4014: the bot logs in again without it; buttons and slash commands work."""
    server.refuse_intents = True
    async with running(desk, server) as chat:
        await chat.logged("message-content intent")
        answer = await server.answer(await server.slash(ANN, "status"))
    assert answer.texts[0].startswith("ACTIVE")
    assert [identify["intents"] for identify in server.identifies] == [1 | 1 << 9 | PRIVILEGED, 1]
    assert sum("message-content intent" in text for text in server.texts(LOG)) == 1


async def test_a_wrong_token_is_said_loudly_and_ends_the_bot(
    desk: TestDesk, server: DiscordServer, caplog: pytest.LogCaptureFixture
) -> None:
    """One line in the log, without the token; the desk trades on."""
    await bot_for(desk, server, token="a-wrong-token-nobody-may-read").run()
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert ["DISCORD IS OFF" in record.getMessage() for record in loud] == [True]
    assert "a-wrong-token" not in caplog.text
    await desk.enter()
    assert await desk.orders(OrderRole.ENTRY)


async def test_a_dead_discord_delays_no_order(desk: TestDesk, server: DiscordServer) -> None:
    """The server refuses connections while an order fills; what happened is told once it is back."""
    async with running(desk, server) as chat:
        await chat.logged("The desk is open")
        await server.stop()
        await desk.enter()
        assert await desk.holds()
        await desk.wait(30)
        assert not server.connected
        await server.start()
        await until_back(chat)
        for _ in range(20):
            await desk.wire.advance(60)
            await desk.breathe()
        await chat.logged("(entry, Testing): filled")


async def test_a_discord_dead_from_the_start_is_waited_for(desk: TestDesk, server: DiscordServer) -> None:
    """Neither the log-in nor the first socket need work at once."""
    server.faults.append(Fault("GET", "users/@me", 503))
    server.close_before_hello = 1
    async with running(desk, server, connected=False) as chat:
        await until_back(chat)
        assert not chat.task.done()


async def test_a_forgotten_session_is_begun_anew(chat: Chat) -> None:
    """The gateway is cut and does not know us any more: a fresh identify, and commands work."""
    chat.server.forget_sessions = True
    await chat.server.cut()
    await chat.server.until(lambda: chat.server.resumes)
    await until_back(chat)
    await chat.server.until(lambda: len(chat.server.identifies) == 2 and chat.server.connected)
    answer = await chat.server.answer(await chat.server.slash(ANN, "status"))
    assert answer.texts[0].startswith("ACTIVE")


async def test_commands_that_are_not_taken_do_not_stop_the_bot(desk: TestDesk, server: DiscordServer) -> None:
    """Without the right to register slash commands the channels still have everything."""
    server.faults.append(Fault("PUT", "commands", 403, {"message": "Missing Access", "code": 50001}))
    async with running(desk, server) as chat:
        await chat.logged("The desk is open")


async def test_no_secret_stands_in_a_log(desk: TestDesk, server: DiscordServer, tmp_path: Path) -> None:
    """Token, passphrase and the tokens of interactions, at the levels that the desk writes, through a lost Discord."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    set_up_logs(tmp_path / "logs", Redactor())
    try:
        async with running(desk, server) as chat:
            await server.answer(await server.slash(ANN, "status"))
            await server.says(ANN, f'!payload {{"passphrase": "{PASSPHRASE}"}}')
            await chat.logged("❌", 2001)
            await server.stop()
            await desk.wait(5)
            await server.start()
            await until_back(chat)
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:] = before[0]
        root.setLevel(before[1])
    written = (tmp_path / "logs" / "desk.jsonl").read_text()
    assert "discord is away" in written
    for secret in (TOKEN, PASSPHRASE, "interaction-token"):
        assert secret not in written
