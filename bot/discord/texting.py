"""The three texts that the desk answers: `!ping`, `!mirror` and `!payload`. Edits of a message are never read."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

import discord

from bot.discord.office import Office
from bot.discord.rendering import cut, plain
from bot.discord.surface import NETWORK
from core.values.alerts import AlertRecord, AlertStatus, Receipt
from core.values.changes import AlertDone, Change
from core.values.errors import DeskError
from core.values.ids import AlertId
from core.values.orders import Refused
from core.values.people import Person, Role
from texts import render

log = logging.getLogger(__name__)

_TEXT = re.compile(r"\s*!(?P<command>ping|mirror|payload)\b(?P<rest>.*)", re.DOTALL)
OUTCOME_S_MAX = 10.0
"""How long the answer to a payload waits for what the desk made of it; the log channel tells the rest."""


class Texting:
    """latency: of the gateway, in seconds; infinite or NaN while nobody knows."""

    def __init__(self, office: Office, latency: Callable[[], float]) -> None:
        self._office = office
        self._latency = latency
        self._waiting: dict[AlertId, asyncio.Event] = {}
        office.store.listen(self._settled)

    async def __call__(self, message: discord.Message) -> None:
        """People in our guild only: bots, webhooks, private chats and other guilds are not heard."""
        guild = message.guild.id if message.guild else None
        if message.author.bot or message.webhook_id or guild != self._office.places.guild:
            return
        found = _TEXT.fullmatch(message.content)
        if found is None or not self._office.seen.first(message.id):
            return
        person = self._office.who(message.author, guild, message.channel.id)
        try:
            await self._answer(message, found["command"], found["rest"].strip(), person)
        except (discord.HTTPException, *NETWORK) as error:
            log.warning("a text could not be answered: %s", type(error).__name__)

    async def _answer(self, message: discord.Message, command: str, rest: str, person: Person | None) -> None:
        if person is None:
            await message.channel.send(render("discord.stranger", {}, self._office.language))
        elif command == "ping":
            await message.channel.send(render("discord.pong", {"ms": self._milliseconds()}, person.language))
        elif command == "mirror":
            await message.channel.send(cut(discord.utils.escape_mentions(rest)) or "…")
        else:
            await self._payload(message, rest.strip("`").strip(), person)

    def _milliseconds(self) -> str:
        seconds = self._latency()
        return str(round(seconds * 1000)) if math.isfinite(seconds) else "?"

    # payloads

    async def _payload(self, message: discord.Message, text: str, person: Person) -> None:
        """An approver's goes to the market, a trader's becomes a proposal; the desk decides that by who it is."""
        if not person.may(Role.TRADER):
            await self._fail(message, Refused("not_allowed", {"role": Role.TRADER.word}), person)
            return
        await message.channel.send(render("discord.processing", {}, person.language))
        try:
            said = await self._office.payload(text, person)
            record = None if isinstance(said, Refused) else await self._outcome(said)
        except DeskError as error:
            log.warning("a payload failed: %s", error)
            said, record = Refused("failed", {"reason": type(error).__name__}), None
        if isinstance(said, Refused):
            await self._fail(message, said, person)
        elif said.status is not AlertStatus.ACCEPTED:
            await self._fail(message, Refused(said.status.value, {}), person)
        elif record is not None and record.reason:
            await self._fail(message, Refused(record.reason, {}), person)
        else:
            proposed = record is not None and record.proposal_id is not None
            key = "discord.proposed" if proposed else "discord.sent"
            await message.channel.send(render(key, {"id": said.alert_id}, person.language))

    async def _fail(self, message: discord.Message, refused: Refused, person: Person) -> None:
        """The code word, and words where there are some: those of the catalogue, or the reader's own `message`."""
        words = render(f"refused.{refused.code}", refused.params, person.language)
        if words.startswith("refused.") or "{" in words:  # none, or they need parameters that only the log has
            words = refused.params.get("message", "")
        text = render("discord.not_sent", {"code": refused.code, "reason": words}, person.language)
        await message.channel.send(cut(plain(text.strip())))

    async def _outcome(self, receipt: Receipt) -> AlertRecord | None:
        """The alert's row once the desk is done with it, or as it is when that takes long."""
        if receipt.status is not AlertStatus.ACCEPTED:
            return None
        done = self._waiting.setdefault(receipt.alert_id, asyncio.Event())
        try:
            record = await self._office.store.alert(receipt.alert_id)
            if record is None or record.done:
                return record
            with suppress(TimeoutError):
                async with asyncio.timeout(OUTCOME_S_MAX):
                    await done.wait()
        finally:
            self._waiting.pop(receipt.alert_id, None)
        return await self._office.store.alert(receipt.alert_id)

    def _settled(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, AlertDone) and change.alert_id in self._waiting:
                self._waiting[change.alert_id].set()
