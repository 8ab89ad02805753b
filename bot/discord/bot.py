"""The Discord bot: logs in, stays in, and comes back by itself. Nothing else of the desk waits for it."""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import suppress

import discord
from aiohttp import ClientError

from bot.discord.clicking import Clicking
from bot.discord.client import DeskClient, Ears, point_at
from bot.discord.office import Office, Payload, Places
from bot.discord.slash import definitions
from bot.discord.steps import Steps
from bot.discord.surface import DiscordSurface
from bot.discord.texting import Texting
from core.commands.console import Console
from core.ports import Clock, Store, Surface
from core.services.noise import Noise
from core.services.people import People
from core.values.changes import NoticeMade
from core.values.errors import DeskError
from core.values.ids import NoticeId, derive_id
from core.values.notices import Notice, NoticeKind

log = logging.getLogger(__name__)

RETRY_S_MAX = 60.0
REFUSED_TOKEN, REFUSED_INTENT = 4004, 4014
"""The gateway's close codes."""
GONE = (
    OSError,
    ClientError,
    asyncio.TimeoutError,
    discord.LoginFailure,
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.ConnectionClosed,
    discord.RateLimited,
    # discord.py's own, where the very first socket closes before its hello, or the gateway says what it cannot read
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class DiscordBot:
    def __init__(
        self,
        *,
        console: Console,
        people: People,
        store: Store,
        wire: Clock,
        token: str,
        guild_id: int,
        study_channel_id: int,
        log_channel_id: int,
        error_channel_id: int,
        api_base: str,
        gateway_url: str,
        text_commands: bool,
        language: str,
        noise: Noise,
        payload: Payload,
    ) -> None:
        point_at(api_base, gateway_url)
        places = Places(guild_id, study_channel_id, log_channel_id, error_channel_id)
        self._office = Office(console, people, store, wire, places, language, payload)
        self._surface = DiscordSurface(store, places, language, noise)
        self._ears = Ears(self._opened, Clicking(self._office), Texting(self._office, self._latency))
        self._steps = Steps(self._office, self._surface.follow)
        self._token = token
        self._text = text_commands
        self._ask_gateway = not gateway_url
        self._pause_s = 1.0

    @property
    def surface(self) -> Surface:
        return self._surface

    async def run(self) -> None:
        """Until cancelled; returns by itself only where Discord does not know the token."""
        while True:
            try:
                await self._live()
            except GONE as error:
                code = error.code if isinstance(error, discord.ConnectionClosed) else None
                if code == REFUSED_TOKEN or isinstance(error, discord.LoginFailure):
                    log.critical("DISCORD IS OFF: it refuses the token (discord.token). The desk goes on without it.")
                    return
                if code == REFUSED_INTENT and self._text:
                    self._text = False
                    log.warning("discord refuses the message-content intent: !payload, !ping and !mirror are off")
                    await self._say("discord.no_text")
                    continue
                log.warning("discord is away: %s", type(error).__name__)
            await self._office.wire.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, RETRY_S_MAX)

    async def _live(self) -> None:
        """One log-in, from the first request until the gateway is lost for good; short losses it resumes itself."""
        client = DeskClient(self._ears, self._office.wire, text=self._text, ask_gateway=self._ask_gateway)
        steps: asyncio.Task[None] | None = None
        try:
            async with client:
                await client.login(self._token)
                steps = asyncio.create_task(self._steps.run(client), name="discord order steps")
                await client.connect(reconnect=False)
        finally:
            self._surface.client = None
            if steps is not None:
                steps.cancel()
            if client.connected:
                self._pause_s = 1.0

    async def _opened(self, client: DeskClient) -> None:
        """Logged in: messages go out from now on, commands are offered."""
        self._surface.client = client
        office = self._office
        offered = definitions(office.console.commands, office.language)
        try:
            assert client.application_id is not None, "known since the log-in"
            await client.http.bulk_upsert_guild_commands(client.application_id, office.places.guild, offered)
        except discord.HTTPException as error:
            log.warning("discord does not take the slash commands: %s %s", error.status, error.code)

    def _latency(self) -> float:
        return self._surface.client.latency if self._surface.client else math.inf

    async def _say(self, key: str) -> None:
        """A word to people on every surface."""
        now = self._office.wire.now()
        store = self._office.store
        notice_id = NoticeId(derive_id(store.desk_id, "notice", key, now.isoformat()))
        with suppress(DeskError):  # a journal that cannot write has louder words of its own
            await store.save(NoticeMade(Notice(notice_id, now, NoticeKind.INFO, key)))
