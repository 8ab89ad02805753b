"""The Broker port over Angel One's SmartAPI.

What the venue's books say is the truth; its stream of order updates only says when to read them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from brokers.angelone import account as owned
from brokers.angelone import translate
from brokers.angelone.access import Tokens
from brokers.angelone.client import Client
from brokers.angelone.feed import AngelOneFeed
from brokers.angelone.limits import BUDGETS, FUNDS, HOLDINGS, POSITIONS
from brokers.angelone.listing import CURRENCY, Catalogue
from brokers.angelone.orders import Orders
from brokers.angelone.records import Records
from brokers.angelone.session import INDIA
from brokers.angelone.shared import Shared
from brokers.angelone.stream import Link, Socket, either
from brokers.angelone.translate import Row
from brokers.reading import asking, readable
from brokers.told import Told
from core.ports import Clock, World
from core.rules.sessions import sessions
from core.values.accounts import Account, Margin
from core.values.capabilities import Capabilities, Idempotency, IdEncoding
from core.values.errors import Rejected, Transient
from core.values.fills import Fill, Holding
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.orders import ApprovedOrder, Order, OrderState, OrderTicket, OrderType

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(
    Idempotency.NEVER, IdEncoding.BASE32_20, market_orders=False, reduce_only=False, budgets=BUDGETS
)
"""No key, only a tag: an order is searched by it and never sent twice."""
POLL_BUSY_S, POLL_S = 5.0, 30.0
"""How often the book is read without being told to, while something of ours may change and while nothing does."""
LISTED_BY = timedelta(hours=8)
"""After midnight in India."""
STREAMS_S = 3.0
"""How long a start waits for the streams to say something."""


@dataclass(frozen=True, slots=True)
class Terms:
    """delivery: shares are bought to keep, derivatives to carry. underlyings: whose derivatives are listed; empty =
    all, which are more than a hundred thousand."""

    delivery: bool = False
    underlyings: frozenset[str] = frozenset()


class AngelOneBroker:
    """Broker (core.ports). `feed`: its own prices."""

    def __init__(self, account: Account, terms: Terms, client: Client, world: World) -> None:
        self.account, self.capabilities = account.name, CAPABILITIES
        self._client, self._terms = client, terms
        self._clock: Clock = world.clock
        self._wire: Clock = world.wire
        self._catalogue = Catalogue()
        self._records = Records(client, account.name, self._catalogue, world.clock)
        self._ways = Orders(client, self._records, self._catalogue, world, self._wake, delivery=terms.delivery)
        self._unfinished = [o for o in world.orders if o.state is not OrderState.INTENDED]
        self._positions, self._holdings, self._funds = (Shared(client, e) for e in (POSITIONS, HOLDINGS, FUNDS))
        self.feed = AngelOneFeed(client, self._catalogue, world)
        self._updates = Link("orders", world.wire, client.session, self._dial, self._opened, self._heard)
        self._told = Told()
        self._due, self._quiet = asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._listed_on: date | None = None

    async def start(self) -> None:
        """Where it fails nothing stays behind, and it may be tried again."""
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise

    async def _start(self) -> None:
        await self._client.open()
        await self._client.session.current()
        await self.instruments()
        for order in self._unfinished:
            self._records.remember(order.request)
        with asking("orders"):
            await self._records.changes()  # what was so before is no news
        self._client.session.on_new = self._relink
        works = (self._updates.run(), self.feed.link.run(), self._client.session.keep(), self._follow())
        self._tasks = [asyncio.create_task(work, name=f"angelone of {self.account}") for work in works]
        self._due.set()
        for link in (self._updates, self.feed.link):
            await either(link.first.wait(), self._wire.sleep(STREAMS_S))

    async def close(self) -> None:
        await self._stop()
        self._told.end()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._client.close()

    # orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        return await self._ways.place(order)

    async def cancel(self, order: Order) -> OrderTicket:
        return await self._ways.cancel(order)

    async def find(self, order: Order) -> OrderTicket | None:
        return await self._ways.find(order)

    async def open_orders(self) -> Sequence[OrderTicket]:
        with asking("orders"):
            return [told for row, told in await self._records.working() if not _triggered(row, told)]

    async def stop_orders(self) -> Sequence[OrderTicket]:
        with asking("stop orders"):
            return [told for row, told in await self._records.working() if _triggered(row, told)]

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        """Of today: the venue's book of trades begins anew each morning."""
        with asking("fills"):
            return await self._records.fills_since(moment)

    # the account and what it may trade

    async def positions(self) -> Sequence[Holding]:
        with asking("positions"):
            traded, kept = await self._positions.rows(), await self._holdings.rows()
            return owned.holdings(traded, kept, self._catalogue)

    async def margin(self) -> Margin:
        with asking("margin"):
            return owned.margin(await self._funds.read(), CURRENCY)

    async def cash(self) -> Mapping[str, str]:
        with asking("cash"):
            return owned.cash(await self._funds.read(), CURRENCY)

    def calls_left(self) -> Mapping[str, int]:
        return self._client.limits.left()

    async def instruments(self) -> Sequence[Instrument]:
        """Asked for anew each morning, when it has the day's; one that fails leaves all as it was. Raises Transient."""
        today = (self._clock.now() - LISTED_BY).astimezone(INDIA).date()
        if self._listed_on != today:
            found = Catalogue()
            with readable("instruments"):
                async with aclosing(self._client.rows(self._client.access.instruments)) as rows:
                    await found.fill(rows, self._terms.underlyings)
            self._catalogue.become(found)
            self._listed_on = today
        return list(self._catalogue.by_ticker.values())

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        """By our own table of NSE's days: the venue tells none."""
        return sessions(instrument.calendar, start, end)

    # the stream

    def events(self) -> AsyncIterator[OrderTicket | Fill]:
        return self._told.words()

    async def settled(self) -> None:
        """Return once the reader has dealt with all that was heard."""
        await self._quiet.wait()
        await self._told.taken()

    def _dial(self, tokens: Tokens) -> AbstractAsyncContextManager[Socket]:
        return self._client.socket(self._client.access.orders, {"Authorization": f"Bearer {tokens.jwt}"})

    async def _opened(self, _link: Link) -> None:
        """What happened while there was no stream is in the books."""
        self._wake()

    def _heard(self, _message: str | bytes) -> None:
        self._wake()

    def _wake(self) -> None:
        self._quiet.clear()
        self._due.set()

    def _relink(self) -> None:
        """The streams of a session that is over hear nothing any more."""
        for link in (self._updates, self.feed.link):
            self._tasks.append(asyncio.create_task(link.restart()))

    async def _follow(self) -> None:
        while True:
            await either(self._due.wait(), self._wire.sleep(POLL_BUSY_S if self._records.busy else POLL_S))
            self._due.clear()
            try:
                with readable("books"):
                    words, rows = await self._records.changes()
                    for word in words:
                        self._told.tell(word)
                    await self._ways.sweep(rows)
            except (Transient, Rejected) as error:
                log.warning("books not read", extra={"account": self.account, "reason": str(error)})
                self._due.set()
                await self._wire.sleep(1.0)
            if not self._due.is_set():
                self._quiet.set()


def _triggered(row: Row, told: OrderTicket) -> bool:
    """A stop that waits for its level or for the morning, or a take-profit, which rests as the limit that it is."""
    waits = translate.waits(row) or (told.type is OrderType.STOP and translate.after_hours(row))
    return waits or told.type is OrderType.TAKE_PROFIT
