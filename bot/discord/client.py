"""discord.py as the desk uses it: few intents, no mentions, no caches, and both of its addresses set in one place."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from core.ports import Clock

IDENTIFY_PAUSE_S = 5.0
"""Discord wants at most one new session in this time."""
RATE_LIMIT_S_MAX = 30.0
"""A longer wait is the caller's to plan, not the library's to sleep through."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is called. opened: logged in, REST works, before the gateway is there."""

    opened: Callable[[DeskClient], Awaitable[None]]
    clicked: Callable[[discord.Interaction], Awaitable[None]]
    said: Callable[[discord.Message], Awaitable[None]]


def point_at(api_base: str, gateway_url: str) -> None:
    """Where Discord is. The library goes to its default gateway first, whatever its REST base says: both are set.

    gateway_url empty: each log-in asks the API for it.
    """
    Route.BASE = api_base.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    logging.getLogger("discord").setLevel(logging.WARNING)  # its lower levels quote session ids and bodies


def intents(*, text: bool) -> discord.Intents:
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = wanted.message_content = text
    return wanted


class DeskClient(discord.Client):
    """One log-in; a new one is made for the next. connected: the gateway took it."""

    def __init__(self, ears: Ears, wire: Clock, *, text: bool, ask_gateway: bool) -> None:
        super().__init__(
            intents=intents(text=text),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=RATE_LIMIT_S_MAX,
        )
        self.connected = False
        self._ears = ears
        self._wire = wire
        self._ask_gateway = ask_gateway

    async def setup_hook(self) -> None:
        if self._ask_gateway:
            _, url, _ = await self.http.get_bot_gateway()
            DiscordWebSocket.DEFAULT_GATEWAY = URL(url)
        await self._ears.opened(self)

    async def before_identify_hook(self, _shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await self._wire.sleep(IDENTIFY_PAUSE_S)

    async def on_connect(self) -> None:
        self.connected = True

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await self._ears.clicked(interaction)

    async def on_message(self, message: discord.Message) -> None:
        await self._ears.said(message)
