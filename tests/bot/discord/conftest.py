"""A desk with the Discord bot on it: the real library over real sockets, to a server that speaks Discord's wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.discord import DiscordBot
from core.services.people import DiscordLists, Member, People
from core.values.alerts import AlertKind, Receipt, Source
from core.values.notices import Notice
from core.values.orders import Refused, Side
from core.values.people import Person, Role
from kit.http import ApiError
from tests.desk import TestDesk, an_alert, levels, opened, price
from tests.servers.discord import APPROVERS, ERROR, GUILD, LOG, STUDY, TOKEN, TRADERS, DiscordServer
from webhook_receiver.dialect_order import parse_order, resolve
from webhook_receiver.fields import Fields
from webhook_receiver.masking import Mask
from webhook_receiver.reading import read_object

PASSPHRASE = "a passphrase nobody may read"
CHART = "https://www.example.com/x/AbCd12/"


@dataclass
class Chat:
    """The desk, the server, and the bot between them."""

    desk: TestDesk
    server: DiscordServer
    bot: DiscordBot
    task: asyncio.Task[None]

    async def told(self, notice: Notice) -> None:
        await self.desk.engine.outbox.tell(notice)

    async def propose(self, **fields: Any) -> None:
        """A study alert comes in; return once its card with buttons stands in the study channel."""
        before = len([m for m in self.server.shown(STUDY) if m["had_buttons"]])
        known = {"source": Source.STUDY, "side": Side.BUY, "price": price("40000")}
        alert = an_alert(
            AlertKind.ENTRY, self.desk.now, **(known | {"long": levels("39800", "41000"), "chart_url": CHART} | fields)
        )
        await self.desk.take(alert)
        await self.server.until(lambda: len([m for m in self.server.shown(STUDY) if m["had_buttons"]]) > before)

    async def logged(self, word: str, channel: int = LOG) -> str:
        """The first message of a channel that holds this word, once there is one."""
        await self.server.until(lambda: any(word in text for text in self.server.texts(channel)))
        return next(text for text in self.server.texts(channel) if word in text)


def payload_of(desk: TestDesk) -> Any:
    """What the roof hands to the bot: the order route's reading, with the approval that the person's role gives."""

    async def payload(text: str, person: Person) -> Receipt | Refused:
        directory = desk.engine.desk.directory
        try:
            body, raw = read_object(text.encode())
            fields = Fields(raw)
            alert = parse_order(
                fields,
                source=Source.CHAT,
                received_at=desk.now,
                body=Mask(PASSPHRASE)(body, raw),
                account=resolve(fields, directory),
            )
        except ApiError as error:
            return Refused(error.code, {"message": error.message, "field": error.field or ""})
        approval = "none" if person.may(Role.APPROVER) else "ask"
        return await desk.engine.intake.accept(replace(alert, approval=approval))

    return payload


def everybody() -> People:
    return People(
        members=[Member("vic", Role.VIEWER, discord_id=14), Member("boss", Role.ADMIN, discord_id=15)],
        discord=DiscordLists(approver_roles=frozenset({APPROVERS}), trader_roles=frozenset({TRADERS})),
    )


def bot_for(desk: TestDesk, server: DiscordServer, **more: Any) -> DiscordBot:
    known: dict[str, Any] = {
        "console": desk.console,
        "people": everybody(),
        "store": desk.engine.store,
        "wire": desk.wire,
        "token": TOKEN,
        "guild_id": GUILD,
        "study_channel_id": STUDY,
        "log_channel_id": LOG,
        "error_channel_id": ERROR,
        "api_base": server.api_base,
        "gateway_url": server.gateway_url,
        "text_commands": True,
        "language": "en",
        "noise": desk.engine.office.noise,
        "payload": payload_of(desk),
    }
    return DiscordBot(**(known | more))


@asynccontextmanager
async def running(desk: TestDesk, server: DiscordServer, *, connected: bool = True, **more: Any) -> AsyncIterator[Chat]:
    """Bot and outbox run until left. connected False: do not wait for the bot to be in."""
    bot = bot_for(desk, server, **more)
    desk.engine.outbox.add(bot.surface)
    task = asyncio.create_task(bot.run())
    if connected:
        await server.until(lambda: server.connected)
    outbox = asyncio.create_task(desk.engine.outbox.run())
    try:
        yield Chat(desk, server, bot, task)
    finally:
        for running_task in (task, outbox):
            running_task.cancel()
            with suppress(asyncio.CancelledError):
                await running_task


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    found = DiscordServer()
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path / "desk", webhook={"passphrase": PASSPHRASE}) as found:
        yield found


@pytest.fixture
async def chat(desk: TestDesk, server: DiscordServer) -> AsyncIterator[Chat]:
    """Connected, and the desk's report is in the log channel."""
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(running(desk, server))
        await server.until(lambda: server.connected and server.texts(LOG))
        yield found
