"""A desk on a still paper market, its Telegram bot, and a Telegram on loopback that both believe to be real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.telegram.bot import TelegramBot
from core.clock import ManualClock, SystemClock
from core.ports import Clock
from core.services.noise import Noise
from core.services.outbox import Outbox
from core.services.people import Member, People
from core.values.alerts import AlertKind, Source
from core.values.ids import NoticeId
from core.values.notices import Notice, NoticeKind
from core.values.orders import Side
from core.values.people import Role
from core.values.proposals import Proposal
from tests.desk import TestDesk, an_alert, levels, opened, price
from tests.servers.telegram import OWNER, TOKEN, Shown, TelegramServer, telegram

STRANGER, VIEWER, ANN = 666, 1002, 1003


class FastClock(ManualClock):
    """The bot's wire, moved by the test: hours pass in as many turns as there is work in them."""

    def __init__(self, chat: Chat) -> None:
        super().__init__(SystemClock().now())
        self._chat = chat

    async def until(self, true: Callable[[], bool], within_s: float = 20) -> None:
        """Let time pass in half seconds, the sockets and the journal keeping up, until it is true."""
        async with asyncio.timeout(within_s):
            while not true():
                await self._chat.desk.breathe()
                await self.advance(0.5)

    async def pass_(self, seconds: float) -> None:
        """Let so much time pass in twenty steps."""
        for _ in range(20):
            await self._chat.desk.breathe()
            await self.advance(seconds / 20)


@dataclass
class Chat:
    """One desk with its bots. `conflicts` counts calls of on_conflict."""

    desk: TestDesk
    server: TelegramServer
    wire: Clock
    conflicts: list[int] = field(default_factory=list)
    conflict: asyncio.Event = field(default_factory=asyncio.Event)

    def bot(
        self,
        *,
        token: str = TOKEN,
        chat_id: int = 0,
        allowed: Collection[int] = (OWNER,),
        language: str = "en",
        noise: Noise | None = None,
    ) -> TelegramBot:
        async def on_conflict() -> None:
            self.conflicts.append(1)
            self.conflict.set()

        members = [Member("eve", Role.VIEWER, VIEWER), Member("ann", Role.APPROVER, ANN)]
        return TelegramBot(
            console=self.desk.console,
            people=People(members=members, telegram_users=allowed, speaking=self.desk.engine.office.users.speaking),
            store=self.desk.engine.store,
            wire=self.wire,
            token=token,
            chat_id=chat_id,
            allowed=allowed,
            api_base=self.server.base,
            language=language,
            noise=noise or self.desk.engine.office.noise,
            on_conflict=on_conflict,
        )

    @asynccontextmanager
    async def running(self, bot: TelegramBot | None = None, *, outbox: bool = False) -> AsyncIterator[TelegramBot]:
        """The bot polls; with outbox, notices go to it too."""
        bot = bot or self.bot()
        works = [bot.run()]
        if outbox:
            box = Outbox(self.desk.engine.store, self.wire)
            box.add(bot.surface)
            works.append(box.run())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield bot
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    def fast(self) -> FastClock:
        """From now on, this test moves the time of bot and server."""
        clock = FastClock(self)
        self.wire = self.server.clock = clock
        return clock

    async def hear(self, update: int) -> None:
        """Until everything up to this update was taken, and what it began has ended."""
        await self.server.idle(update)
        await self.desk.settle()

    async def propose(self, message: str = "entry") -> tuple[Proposal, Shown]:
        """A study alert that becomes a proposal, and its card in the chat. Needs a running outbox."""
        record = await self.desk.take(
            an_alert(
                AlertKind.ENTRY,
                self.desk.now,
                source=Source.STUDY,
                side=Side.BUY,
                price=price("40000"),
                long=levels("39800", "41000"),
                message=message,
            )
        )
        assert record.proposal_id is not None
        proposal = await self.desk.engine.store.proposal(record.proposal_id)
        assert proposal is not None
        return proposal, await self.server.shown("Approve?")

    async def tell(
        self,
        name: str,
        *,
        critical: bool = False,
        card: str = "",
        message: str = "",
        kind: NoticeKind = NoticeKind.INFO,
    ) -> Notice:
        """Put a notice in the outbox's table."""
        notice = Notice(
            id=NoticeId(name),
            at=self.desk.now,
            kind=kind,
            key="alert.told",
            params={"ticker": name, "message": message, "price": ""},
            critical=critical,
            card=card,
        )
        await self.desk.engine.outbox.tell(notice)
        return notice


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with telegram() as found:
        yield found


@pytest.fixture
async def chat(tmp_path: Path, server: TelegramServer) -> AsyncIterator[Chat]:
    """A desk whose bot is not running yet."""
    async with opened(tmp_path) as desk:
        yield Chat(desk, server, SystemClock())


@pytest.fixture
async def live(chat: Chat) -> AsyncIterator[Chat]:
    """A desk with a running bot and outbox, greeted."""
    async with chat.running(outbox=True):
        await chat.server.shown("The desk is open")
        yield chat
