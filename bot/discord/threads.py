"""A thread a proposal: what comes of it is gathered below its card."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import discord

from bot.cards import Cards
from bot.discord.client import DeskClient
from core.values.orders import Cause, CauseKind

log = logging.getLogger(__name__)

EXISTS = 160004
"""Discord's code for a message that has its thread already."""
NAME_MAX = 100
OPEN_MIN: Literal[1440] = 1440


def proposal_of(about: Sequence[str]) -> str | None:
    """The card of the proposal that a notice speaks of."""
    return next((name for name in about if name.startswith("proposal:")), None)


def card_of(causes: Sequence[Cause]) -> str | None:
    """The card of the proposal that an order came of."""
    return next((f"proposal:{cause.id}" for cause in causes if cause.kind is CauseKind.PROPOSAL), None)


class Threads:
    """channel: where the cards stand. A thread has the id of the message that it hangs on."""

    def __init__(self, cards: Cards, guild: int, channel: int) -> None:
        self._cards = cards
        self._guild = guild
        self._channel = channel

    async def post(self, client: DeskClient, card: str, title: str, text: str, nonce: str) -> None:
        """Nothing happens where no message shows the card, or Discord allows no thread. Raises the library's errors."""
        thread = await self._open(client, card, title)
        if thread is not None:
            await client.get_partial_messageable(thread, guild_id=self._guild).send(text, nonce=nonce)

    async def _open(self, client: DeskClient, card: str, title: str) -> int | None:
        message = (await self._cards.find(card)).get(self._channel)
        if message is None:
            return None
        known = f"thread:{card}"
        if (await self._cards.find(known)).get(self._channel) == message:
            return message
        try:
            await client.http.start_thread_with_message(
                self._channel, message, name=title[:NAME_MAX], auto_archive_duration=OPEN_MIN
            )
        except discord.Forbidden:
            log.warning("discord allows no thread; the bot needs the permission to create them")
            return None
        except discord.HTTPException as error:
            if error.code != EXISTS:
                raise
        await self._cards.keep(known, self._channel, message)
        return message
