"""Positions with exit rules, for the tests of the guardian."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from brokers.paper.market import BuiltInMarket
from core.rules.aims import aim
from core.values.errors import Transient
from core.values.ids import AccountName, IntentId, OrderId, derive_id
from core.values.market import Candle, Quote
from core.values.money import Price, Quantity
from core.values.orders import (
    Book,
    Cause,
    CauseKind,
    ExitPlan,
    ExitRule,
    Order,
    OrderRequest,
    OrderRole,
    OrderType,
    Purpose,
    Refused,
    Side,
)
from tests.desk import TESTING, TestDesk

D = Decimal
BARE: dict[str, Any] = {"account": {"dialect": "bare", "cash": "1000000"}}
"""A broker that keeps no stops: everything is watched by the desk."""
ROOM: dict[str, Any] = {"market": {"still": True, "prices": {"SBER": "200", "GAZP": "200"}}}
ONE = Book("link:one")
_NUMBERS = itertools.count(1)


def rule(stop: str | None = None, target: str | None = None, trailing: str | None = None, **more: Any) -> ExitRule:
    first, second, third = (None if text is None else Decimal(text) for text in (stop, target, trailing))
    return ExitRule(first, second, third, **more)


async def hold(
    desk: TestDesk,
    exits: ExitRule,
    *,
    side: Side = Side.BUY,
    ticker: str = "SBER",
    quantity: str = "100",
    book: Book = ONE,
    account: AccountName = TESTING,
    limit: str | None = None,
    at: str = "200",
) -> Order:
    """Enter at market, the book showing just that price; by a resting limit order where one is given."""
    if limit is None:
        await quotes(desk, at, ticker=ticker, side=side.opposite)
    number = f"alert-{next(_NUMBERS)}"
    instrument = desk.engine.desk.directory.instrument(account, ticker)
    plan = aim(ExitPlan(rule=exits), D(side.sign), Price(D(limit or at)), instrument)  # as of the price asked for
    request = OrderRequest(
        id=OrderId(derive_id(desk.engine.desk.desk_id, "entry", number)),
        intent=IntentId(number),
        account=account,
        ticker=ticker,
        side=side,
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=Quantity(D(quantity)),
        role=OrderRole.ENTRY,
        purpose=Purpose.ENTRY,
        because=(Cause(CauseKind.ALERT, number),),
        book=book,
        price=None if limit is None else Price(D(limit)),
        plan=replace(plan, best=None, average=None),
    )
    order = await desk.engine.execution.work(request)
    assert not isinstance(order, Refused), order
    await desk.settle()
    return order


async def quotes(desk: TestDesk, *prices: str, ticker: str = "SBER", side: Side = Side.BUY) -> None:
    """Books in which a position of this side could be closed at just that price."""
    for price in map(D, prices):
        bid, ask = (price, price + D("0.01")) if side is Side.BUY else (price - D("0.01"), price)
        await desk.book_of(ticker, f"{bid:f}", f"{ask:f}")


async def exits(desk: TestDesk) -> list[Order]:
    """What closed positions: orders of the desk's own, and stops and targets of the broker that fired."""
    return [o for o in await desk.orders() if o.filled and o.request.role is not OrderRole.ENTRY]


class Cable:
    """The built-in market's feed on a line that can be cut. answers: whether questions get through."""

    def __init__(self, market: BuiltInMarket) -> None:
        self._market = market
        self._listeners: list[Callable[[Quote], None]] = []
        self.up = self.answers = True
        self.watched: Counter[str] = Counter()
        self.asked = 0
        market.listen(self._pass_on)

    def _pass_on(self, quote: Quote) -> None:
        if self.up and self.watched[quote.ticker]:
            self.tell(quote)

    def tell(self, quote: Quote) -> None:
        """To its listeners alone: what the market never said."""
        for listener in self._listeners:
            listener(quote)

    def quote(self, ticker: str) -> Quote | None:
        return self._market.quote(ticker) if self.up else None

    async def fresh_quote(self, ticker: str) -> Quote:
        self.asked += 1
        if not self.answers:
            raise Transient("the line is cut")
        return await self._market.fresh_quote(ticker)

    def listen(self, listener: Callable[[Quote], None]) -> None:
        self._listeners.append(listener)

    async def watch(self, ticker: str) -> None:
        self.watched[ticker] += 1

    async def unwatch(self, ticker: str) -> None:
        self.watched[ticker] -= 1

    def alive(self) -> bool:
        return self.up

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        return await self._market.last_prices(tickers)

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        return await self._market.candles(ticker, start, end, interval_s)


def on_a_cable(desk: TestDesk) -> Cable:
    """Let every account of the desk hear its prices over one. Before anything is held."""
    cable = Cable(desk.engine.market)
    venues = desk.engine.desk.venues
    venues |= {name: replace(venue, feed=cable) for name, venue in venues.items()}
    return cable


def quote(bid: str, ticker: str = "SBER") -> Quote:
    """A quote a cent wide."""
    return Quote(ticker, datetime.now(UTC), Price(D(bid)), Price(D(bid) + D("0.01")))
