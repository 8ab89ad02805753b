"""What the set-up asks of Telegram: whose token it is, who wrote /start, and to say one thing.

Bot API: core.telegram.org/bots/api. The desk itself speaks through `bot/telegram`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from core.values.errors import Rejected, Transient

API_BASE = "https://api.telegram.org"
POLL_S = 20
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Found:
    """chat: 0 for a private chat, as the settings have it."""

    user: int
    name: str
    chat: int


class TelegramLook:
    def __init__(self, session: ClientSession, api_base: str, token: str) -> None:
        self._session = session
        self._url = f"{api_base.rstrip('/')}/bot{token}"

    async def name(self) -> str:
        """The bot's user name. Raises Rejected for a token that Telegram does not know, Transient."""
        return str((await self._call("getMe", {}))["username"])

    async def now(self) -> int:
        """Where updates begin that nobody has sent yet: what waits may be anybody's, from any day."""
        await self._call("deleteWebhook", {})
        waiting = await self._call("getUpdates", {"timeout": 0, "offset": -1})
        return int(waiting[-1]["update_id"]) + 1 if waiting else 0

    async def first_start(self, offset: int, patience_s: float, person: int | None = None) -> Found:
        """Who writes /start first from there on, or this very person. Raises Transient when nobody does in time."""
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    for update in await self._call("getUpdates", {"timeout": POLL_S, "offset": offset}):
                        offset = int(update["update_id"]) + 1
                        if (found := _starter(update)) is not None and person in {None, found.user}:
                            await self._call("getUpdates", {"timeout": 0, "offset": offset})  # seen: not the desk's
                            return found
        except TimeoutError:
            raise Transient("nobody wrote /start") from None

    async def say(self, found: Found, text: str) -> None:
        await self._call("sendMessage", {"chat_id": found.chat or found.user, "text": text})

    async def _call(self, method: str, fields: Mapping[str, object]) -> Any:
        """Never the URL in an error: it holds the token."""
        try:
            async with self._session.post(f"{self._url}/{method}", data=fields) as answer:
                said = await answer.json(content_type=None)
        except (ClientError, OSError, ValueError, TimeoutError) as error:
            raise Transient(f"Telegram cannot be reached: {type(error).__name__}") from None
        if not said.get("ok"):
            raise Rejected("telegram_refused", str(said.get("description", "")))
        return said["result"]


def _starter(update: Mapping[str, Any]) -> Found | None:
    """Somebody, not a bot, who wrote /start (in a group also /start@name)."""
    message = update.get("message") or {}
    sender, chat = message.get("from") or {}, message.get("chat") or {}
    if not str(message.get("text", "")).startswith("/start") or sender.get("is_bot", True) or "id" not in chat:
        return None
    name = str(sender.get("username") or sender.get("first_name", ""))
    return Found(int(sender["id"]), name, 0 if chat.get("type") == "private" else int(chat["id"]))


@asynccontextmanager
async def looking(api_base: str, token: str) -> AsyncIterator[TelegramLook]:
    async with ClientSession(timeout=ClientTimeout(total=POLL_S * 2)) as session:
        yield TelegramLook(session, api_base, token)
