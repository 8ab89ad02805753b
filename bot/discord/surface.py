"""Notices into channels: each to the log, trouble to the error channel too, proposals and study alerts to the study."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import discord
from aiohttp import ClientError

from bot.cards import Cards
from bot.discord.client import DeskClient
from bot.discord.office import Places
from bot.discord.rendering import TEXT_MAX, buttons, cut, notice_text, quoted
from bot.discord.study import study_post
from bot.discord.threads import Threads, proposal_of
from core.ports import Store
from core.rules.noise import Level
from core.services.noise import Noise
from core.services.proposal_cards import proposal_params
from core.values.alerts import Source
from core.values.errors import Rejected, Transient
from core.values.ids import AlertId, ProposalId
from core.values.notices import Notice, NoticeKind
from texts import render

SEND_S_MAX = 60.0
AWAY_S = 5.0
TROUBLE = frozenset({NoticeKind.ERROR, NoticeKind.REFUSED})
NETWORK = (OSError, ClientError, asyncio.TimeoutError, discord.DiscordServerError)


@asynccontextmanager
async def as_port() -> AsyncIterator[None]:
    """The library's errors as the port's: what may pass is Transient, what never will is Rejected."""
    try:
        async with asyncio.timeout(SEND_S_MAX):
            yield
    except discord.RateLimited as error:
        raise Transient("discord asks for patience", error.retry_after) from None
    except (RuntimeError, *NETWORK) as error:  # aiohttp's word for a session that was closed meanwhile
        raise Transient(f"discord cannot be reached: {type(error).__name__}", AWAY_S) from None
    except discord.HTTPException as error:
        if error.status in {401, 429}:
            raise Transient(f"discord answers {error.status}", SEND_S_MAX) from None
        raise Rejected("discord", f"{error.status} {error.code}") from None


class DiscordSurface:
    """The port. client: the log-in of the moment, None while there is none."""

    name = "discord"

    def __init__(self, store: Store, places: Places, language: str, noise: Noise) -> None:
        self.client: DeskClient | None = None
        self._store = store
        self._places = places
        self._language = language
        self._noise = noise
        self._cards = Cards(store, self.name)
        self._threads = Threads(self._cards, places.guild, places.study)

    async def send(self, notice: Notice) -> None:
        """Everywhere it belongs; a channel that refuses does not keep it from the others.

        A message that was taken without our hearing of it is not doubled by the next try: its nonce names it.
        """
        self._live()
        refused: Rejected | None = None
        for step in self._steps(notice):
            try:
                async with as_port():
                    await step()
            except Rejected as error:
                refused = error
        if refused is not None:
            raise refused

    async def illustrate(self, card: str, png: bytes) -> None:
        """By edit: words and buttons stay as they are. Raises Transient or Rejected."""
        for channel, number in (await self._cards.find(card)).items():
            async with as_port():
                message = self._channel(channel).get_partial_message(number)
                await message.edit(attachments=[discord.File(io.BytesIO(png), "chart.png")])

    def _steps(self, notice: Notice) -> list[Callable[[], Awaitable[None]]]:
        """What is to be done, in the order in which people should see it."""
        level = self._noise.channel(notice)
        if level is Level.OFF:
            return [partial(self._keep_true, notice)] if notice.card.startswith("proposal:") else []
        silent = level is Level.SILENT
        alerts = [AlertId(about[6:]) for about in notice.about if about.startswith("alert:")]
        steps: list[Callable[[], Awaitable[None]]] = [
            partial(self._show_alert, alert_id, silent=silent) for alert_id in alerts
        ]
        text = quoted(notice_text(notice, self._language))
        proposal = proposal_of(notice.about)
        if notice.card.startswith("proposal:"):
            steps.append(partial(self._show_card, notice, silent=silent))
        elif proposal is not None:
            steps.append(partial(self.follow, proposal, text, _nonce(f"t{notice.id}")))
        steps.append(partial(self._log, notice, text, silent=silent))
        if notice.critical or notice.kind in TROUBLE:
            steps.append(partial(self._post, self._places.error, text, f"e{notice.id}"))
        return steps

    async def _keep_true(self, notice: Notice) -> None:
        """A card that stands is edited whatever people chose: its buttons would lie, and an edit makes no sound."""
        if self._places.study in await self._cards.find(notice.card):
            await self._show_card(notice, silent=True)

    async def _show_alert(self, alert_id: AlertId, *, silent: bool) -> None:
        """A study alert comes into the study channel once, with the first notice that speaks of it."""
        card = f"alert:{alert_id}"
        record = await self._store.alert(alert_id)
        if record is None or record.alert.source is not Source.STUDY or await self._cards.find(card):
            return
        message = await self._new(
            self._places.study, study_post(record.alert, self._language), f"a{alert_id}", silent=silent
        )
        if message is not None:
            await self._cards.keep(card, self._places.study, message.id)

    async def _show_card(self, notice: Notice, *, silent: bool) -> None:
        text = notice_text(notice, self._language)
        if notice.actions and (ends := notice.params.get("expires_at")):
            counted = render("discord.ends", {"when": f"<t:{ends}:R>"}, self._language)
            text = f"{cut(text, TEXT_MAX - len(counted) - 1)}\n{counted}"  # Discord counts down by itself
        text = cut(text)
        view = buttons(notice.actions, self._language)
        shown = (await self._cards.find(notice.card)).get(self._places.study)
        if shown is not None:
            with suppress(discord.NotFound):  # somebody deleted the message: it is sent anew
                await self._channel(self._places.study).get_partial_message(shown).edit(content=text, view=view)
                return
        message = await self._new(self._places.study, text, f"c{notice.id}", view, silent=silent)
        if message is not None:
            await self._cards.keep(notice.card, self._places.study, message.id)

    async def follow(self, card: str, text: str, nonce: str) -> None:
        """Into the thread below a proposal's card. Raises the library's errors."""
        proposal = await self._store.proposal(ProposalId(card.removeprefix("proposal:")))
        if proposal is not None:
            title = render("discord.thread", proposal_params(proposal), self._language)
            await self._threads.post(self._live(), card, title, text, nonce)

    async def _log(self, notice: Notice, text: str, *, silent: bool) -> None:
        """Which message tells of an order is kept: its picture comes later."""
        message = await self._new(self._places.log, text, f"l{notice.id}", silent=silent)
        if message is not None and notice.card.startswith("order:"):
            await self._cards.keep(notice.card, self._places.log, message.id)

    async def _post(self, channel: int, text: str, nonce: str) -> None:
        await self._new(channel, text, nonce)

    async def _new(
        self, channel: int, text: str, nonce: str, view: discord.ui.View | None = None, *, silent: bool = False
    ) -> discord.Message | None:
        if not channel:
            return None
        more: dict[str, Any] = {} if view is None else {"view": view}
        return await self._channel(channel).send(text, nonce=_nonce(nonce), silent=silent, **more)

    def _channel(self, channel: int) -> discord.PartialMessageable:
        return self._live().get_partial_messageable(channel, guild_id=self._places.guild)

    def _live(self) -> DeskClient:
        if self.client is None or self.client.is_closed():
            raise Transient("discord is not connected")
        return self.client


def _nonce(name: str) -> str:
    """25 characters at most; the tail of an id is its digest."""
    return name[0] + name.replace("-", "")[-24:]
