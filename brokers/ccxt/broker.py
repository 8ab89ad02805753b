"""The Broker port over ccxt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from brokers.ccxt.account import Money
from brokers.ccxt.check import admit
from brokers.ccxt.client import Client, asking
from brokers.ccxt.feed import CcxtFeed
from brokers.ccxt.links import Links
from brokers.ccxt.listing import Catalogue
from brokers.ccxt.placing import Placing, Terms
from brokers.ccxt.records import Records
from brokers.ccxt.riders import Riders
from brokers.ccxt.sweep import Sweep
from brokers.ccxt.translate import Row
from brokers.reading import readable
from brokers.told import Told
from core.ports import Clock, World
from core.rules.sessions import sessions
from core.values.accounts import Account, Margin
from core.values.errors import Transient
from core.values.fills import Fill, Holding
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.orders import (
    ApprovedOrder,
    Order,
    OrderState,
    OrderTicket,
)

log = logging.getLogger(__name__)

GREETING_S = 5.0


class CcxtBroker:
    """Broker (core.ports). `feed`: its own prices."""

    def __init__(self, account: Account, terms: Terms, client: Client, world: World) -> None:
        self.account, self.capabilities = account.name, client.dialect.capabilities
        self._hedge, self._client, self._currency = terms.hedge, client, account.currency
        self._clock: Clock = world.clock
        self._wire: Clock = world.wire
        self._catalogue = Catalogue()
        self.records = Records(client, account.name, self._catalogue, world.clock)
        self._orders = [o for o in world.orders if o.state is not OrderState.INTENDED]
        self._entries = world.entries
        self.feed = CcxtFeed(client, self._catalogue, world)
        self._links = Links(client, world.wire)
        self._greeted = asyncio.Queue[None]()
        self._inbox: asyncio.Queue[tuple[list[Row], list[Row]]] = asyncio.Queue()
        self._told = Told()
        self._sweep = Sweep(self, self._links, world)
        self.riders = Riders(client, self._catalogue, self.records)
        self._placing = Placing(client, self._catalogue, self.records, terms, world, self.riders, self._sweep.soon)
        self._money = Money(client, self._catalogue, account.currency)
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
        await admit(self._client, hedge=self._hedge)
        self._list(self._client.exchange.markets.values())
        for order in self._orders:
            self.records.remember(order.request, order.at, order.broker_id)
            self.records.carry(order.request)
        for entry in self._entries:  # what rode on one that is filled may be there yet
            self.records.carry(entry.request)
        self._client.heard = lambda orders, trades: self._inbox.put_nowait((orders, trades))
        self._client.greeted = lambda: self._greeted.put_nowait(None)
        self._links.broken = self._sweep.soon
        self._links.start()
        self._tasks = [
            asyncio.create_task(self._listen(), name=f"stream of {self.account}"),
            asyncio.create_task(self._sweep.run(), name=f"sweeps of {self.account}"),
        ]
        await self._welcome()

    async def _welcome(self) -> None:
        """Wait for the streams to begin, but not for ever."""

        async def all_of_them() -> None:
            for _ in range(self._client.dialect.greetings):
                await self._greeted.get()

        waiting = [asyncio.ensure_future(all_of_them()), asyncio.ensure_future(self._wire.sleep(GREETING_S))]
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        if waiting[0] not in done:
            log.warning("no stream yet, asking instead", extra={"account": self.account})

    async def close(self) -> None:
        await self._stop()
        self._told.end()

    async def _stop(self) -> None:
        await self.feed.close()
        await self._links.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._client.close()

    # orders

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        return await self._placing.place(order.request)

    async def cancel(self, order: Order) -> OrderTicket:
        return await self._placing.cancel(order)

    async def find(self, order: Order) -> OrderTicket | None:
        with asking("order"):
            return await self.records.find(order)

    async def open_orders(self) -> Sequence[OrderTicket]:
        with asking("orders"):
            return await self._working(waiting=False)

    async def stop_orders(self) -> Sequence[OrderTicket]:
        with asking("stop orders"):
            return await self._working(waiting=True)

    async def _working(self, *, waiting: bool) -> list[OrderTicket]:
        return self.records.tickets(row for row in await self.rows() if self._client.dialect.waits(row) is waiting)

    async def rows(self) -> Sequence[Row]:
        """Everything that works or waits, as the library tells it. Raises Transient or Rejected."""
        return await self._client.dialect.working(self._client)

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        with asking("fills"):
            return [fill for fill in await self.fills(moment) if fill.at >= moment]

    async def fills(self, since: datetime) -> list[Fill]:
        """Some venues must be asked instrument by instrument. Raises Transient or Rejected."""
        rows = await self._client.dialect.trades(self._client, since, self.records.traded())
        return await self.records.fills(rows)

    def tell(self, words: Iterable[OrderTicket | Fill]) -> None:
        for word in words:
            self._told.tell(word)

    # the account and what it may trade

    async def positions(self) -> Sequence[Holding]:
        with asking("positions"):
            return await self._money.positions()

    async def margin(self) -> Margin:
        with asking("margin"):
            return await self._money.margin()

    async def cash(self) -> Mapping[str, str]:
        with asking("cash"):
            return await self._money.cash()

    def calls_left(self) -> Mapping[str, int]:
        return self._client.left()

    async def instruments(self) -> Sequence[Instrument]:
        """Asked for anew on a new day (UTC); a list that fails leaves all as it was. Raises Transient or Rejected."""
        if self._listed_on != self._clock.now().date():
            exchange = self._client.exchange
            with readable("markets"):
                markets = await self._client.ask(exchange.fetch_markets)
                listed = {market["symbol"] for market in markets}
                gone = [market for symbol, market in exchange.markets.items() if symbol not in listed]
                exchange.set_markets([*gone, *markets])  # what stands in one that is gone must be found and ended
                self._list(markets)
        return list(self._catalogue.by_ticker.values())

    def _list(self, markets: Any) -> None:
        self._catalogue.become(markets, self._client.dialect.exchange, self._currency)
        self._listed_on = self._clock.now().date()

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        return sessions(instrument.calendar, start, end)

    # the streams, and sweeping up behind them

    def events(self) -> AsyncIterator[OrderTicket | Fill]:
        return self._told.words()

    async def settled(self) -> None:
        """Return once the reader has dealt with all that was heard."""
        await self._inbox.join()
        await self._told.taken()

    async def _listen(self) -> None:
        while True:
            orders, trades = await self._inbox.get()
            try:
                with asking("stream"):
                    self.tell(self.records.news(await self.records.fills(trades)))
                    self.tell(self.records.tickets(orders))
            except Transient as error:
                log.warning("stream not followed", extra={"account": self.account, "reason": error.reason})
                self._sweep.soon()
            finally:
                self._inbox.task_done()
