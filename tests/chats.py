"""A desk as a real process with both chats on, each talking to its wire-level server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.process import HOUSE, Desk, start
from tests.servers import discord as discord_wire
from tests.servers import telegram as telegram_wire
from tests.servers.discord import DiscordServer
from tests.servers.telegram import TelegramServer

API_TOKEN = "an-api-token-of-the-tests"
PASSPHRASE = "a-passphrase-of-the-tests"
# Run by every Python that starts with its folder on the path: writes down each address that is not loopback.
_WATCH = """
import sys
def watch(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        host = host.decode() if isinstance(host, bytes) else host
    else:
        return
    if host and host not in ("127.0.0.1", "::1", "localhost"):
        with open({path!r}, "a") as file:
            file.write(f"{{event}} {{host}}\\n")
sys.addaudithook(watch)
"""


@dataclass
class Trio:
    """The desk and both servers. left: what tried to leave loopback, a line each."""

    desk: Desk
    telegram: TelegramServer
    discord: DiscordServer
    left: Path

    def strays(self) -> str:
        return self.left.read_text(encoding="utf-8") if self.left.exists() else ""

    def everything_said(self) -> str:
        """All that anybody could read on either chat."""
        return json.dumps([self.telegram.texts, self.discord.everything_said()])


def _watch(directory: Path) -> Path:
    """Lay the watch; where it writes."""
    directory.mkdir(parents=True, exist_ok=True)
    left = directory / "left.txt"
    (directory / "sitecustomize.py").write_text(_WATCH.format(path=str(left)), encoding="utf-8")
    return left


@asynccontextmanager
async def both_chats(directory: Path) -> AsyncIterator[Trio]:
    """Ready, and connected to both."""
    left = _watch(directory)
    server = DiscordServer()
    await server.start()
    try:
        async with telegram_wire.telegram() as chat:
            environment = {
                "OPENOUTCRY_SERVER__API_TOKEN": API_TOKEN,
                "OPENOUTCRY_WEBHOOK__PASSPHRASE": PASSPHRASE,
                "OPENOUTCRY_TELEGRAM__TOKEN": chat.token,
                "OPENOUTCRY_TELEGRAM__API_BASE": chat.base,
                "OPENOUTCRY_TELEGRAM__ALLOWED_USER_IDS": json.dumps([telegram_wire.OWNER]),
                "OPENOUTCRY_DISCORD__TOKEN": discord_wire.TOKEN,
                "OPENOUTCRY_DISCORD__API_BASE": server.api_base,
                "OPENOUTCRY_DISCORD__GATEWAY_URL": server.gateway_url,
                "OPENOUTCRY_DISCORD__GUILD_ID": str(discord_wire.GUILD),
                "OPENOUTCRY_DISCORD__STUDY_CHANNEL_ID": str(discord_wire.STUDY),
                "OPENOUTCRY_DISCORD__LOG_CHANNEL_ID": str(discord_wire.LOG),
                "OPENOUTCRY_DISCORD__ERROR_CHANNEL_ID": str(discord_wire.ERROR),
                "OPENOUTCRY_DISCORD__APPROVER_ROLE_IDS": json.dumps([discord_wire.APPROVERS]),
                "OPENOUTCRY_DISCORD__TRADER_ROLE_IDS": json.dumps([discord_wire.TRADERS]),
            }
            path = {"PYTHONPATH": f"{directory}:{HOUSE}"}
            arguments = ("demo", "--port", 0, "--data-dir", directory / "d", "--still")
            with start(*arguments, env={**environment, **path}) as desk:
                await asyncio.to_thread(desk.ready)
                desk.token = API_TOKEN
                await server.until(lambda: server.connected)
                yield Trio(desk, chat, server, left)
    finally:
        await server.stop()
