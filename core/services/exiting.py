"""Ways out of a position: close it, or move its stop to breakeven. Each can be run again for the same cause."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.rules.exits import better_stop, round_plan, stop_crossed
from core.rules.marketable import THROUGH_PERCENT, offered, through_book
from core.rules.risk import QUOTE_AGE_MAX
from core.services.desk import Desk
from core.services.trade import Exit, Trade
from core.values.fills import Position
from core.values.ids import IntentId, OrderId, derive_id
from core.values.market import Quote
from core.values.money import Price, Quantity, plain
from core.values.orders import (
    ExitPlan,
    Key,
    Order,
    OrderRequest,
    OrderRole,
    OrderType,
    Purpose,
    Refused,
    side_of,
)

EXIT_ROUNDS_MAX = 5
NOBODY_THERE = frozenset({"empty_book", "no_quote"})
"""Refusals of an exit that is to be made as soon as there is a price for it."""
SETTLE_S = 20.0
"""How long to wait for an order to end with all its fills; the reconciler asks for a lost one within 16 seconds."""


class Exiting:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger

    async def exit(self, way: Exit) -> Refused | None:
        """Cancel the book's entries on this instrument, close its position, take its protection away, verify.

        Where the broker has no reduce-only orders the protection goes before the close, since both could fill.
        """
        key = way.key
        entries = [o for o in self._ledger.live(*key) if o.request.role is OrderRole.ENTRY]
        await self._desk.cancel_all(entries)
        await self._over(entries)
        refused = self.empty_book(key) or await self._clear_rivals(key)
        if refused is not None:
            return refused
        for number in range(EXIT_ROUNDS_MAX):
            held = self._ledger.held(key)
            if held == 0:
                break
            closed = await self._closed(self.request(way, held, number))
            if isinstance(closed, Refused):
                return closed
        if self._ledger.held(key):
            return Refused("exit_incomplete", {"ticker": key[1], "left": plain(abs(self._ledger.held(key)))})
        await self._desk.cancel_all(self._ledger.live(*key))
        left = next((o for o in self._ledger.live(*key) if o.request.role is OrderRole.ENTRY), None)
        return None if left is None else unsure(left)

    async def next_try(self, position: Position, level: Price | None, *cause: str) -> tuple[Exit, int]:
        """The first exit for a cause that is not over, and its number; what was refused is asked for anew."""
        for number in itertools.count():
            intent = self._intent(cause, number)
            order = await self._ledger.order(self._order_id(intent, 0))
            if order is None or not order.state.final:
                break
        entry = await self._ledger.entry_of(position)
        because = entry.request.because if entry else ()
        return Exit(position.key, intent, because, level, position.owner), number

    async def begun(self, *cause: str) -> bool:
        """Whether anything was ever sent for it."""
        return await self._ledger.order(self._order_id(self._intent(cause, 0), 0)) is not None

    async def part(self, way: Exit, pieces: Quantity) -> Refused | None:
        """Close some of a book's position at a target that the desk watches. Where the broker has no reduce-only orders
        the protection goes first, and that of the rest comes when all this is known (core.services.guardian)."""
        refused = self.empty_book(way.key) or await self._clear_rivals(way.key)
        held = self._ledger.held(way.key)
        if refused is not None or held == 0:
            return refused
        pieces = min(pieces, Quantity(abs(held)))
        return await self._closed(replace(self.request(way, held, 0), role=OrderRole.TARGET, quantity=pieces))

    def empty_book(self, key: Key) -> Refused | None:
        """Whether it is known that nobody is there to close a position with. What protects it then had better stay."""
        account, ticker, _ = key
        quote, held = self._desk.venues[account].feed.quote(ticker), self._ledger.held(key)
        if held == 0 or quote is None or abs(self._desk.clock.now() - quote.at) > QUOTE_AGE_MAX:
            return None
        return None if offered(quote, side_of(held).opposite) else Refused("empty_book", {"ticker": ticker})

    async def _clear_rivals(self, key: Key) -> Refused | None:
        """Where nothing reduces only, whatever may still fill beside the close would be too much."""
        if self._desk.venues[key[0]].broker.capabilities.reduce_only:
            return None
        await self._desk.cancel_all(self._ledger.live(*key))
        rivals = [o for o in self._ledger.live(*key) if o.request.role is not OrderRole.ENTRY]
        if await self._over(rivals):
            return None
        return unsure(next(o for o in rivals if o.id in self._ledger.orders))

    async def _over(self, orders: Sequence[Order]) -> bool:
        """Wait until each has ended and all its fills are booked; one that nobody knows of may take some asking."""
        ids = {order.id for order in orders}
        return await self._ledger.until(lambda: not ids & self._ledger.orders.keys(), self._desk.wire, SETTLE_S)

    def request(self, way: Exit, held: Decimal, number: int) -> OrderRequest:
        """The market order that closes a signed position. number: which try of this exit."""
        account, ticker, book = way.key
        return OrderRequest(
            id=self._order_id(way.intent, number),
            intent=way.intent,
            account=account,
            ticker=ticker,
            side=side_of(held).opposite,
            type=OrderType.MARKET,
            quantity=Quantity(abs(held)),
            role=OrderRole.EXIT,
            purpose=Purpose.EXIT,
            because=way.because,
            book=book,
            reduce_only=True,
            arrival=way.arrival,
            owner=way.owner,
        )

    def _intent(self, cause: Sequence[str], number: int) -> IntentId:
        return IntentId(derive_id(self._desk.desk_id, *cause, str(number)))

    def _order_id(self, intent: IntentId, number: int) -> OrderId:
        return OrderId(derive_id(self._desk.desk_id, "exit", intent, str(number)))

    async def _closed(self, wanted: OrderRequest) -> Refused | None:
        """Send it and wait until it is over; Refused where nothing of it was filled."""
        request = await self.sendable(wanted)
        if isinstance(request, Refused):
            return request
        intended = await self._desk.intend(request)
        if isinstance(intended, Refused):
            return intended
        await self._desk.send(intended[0].id)
        over = await self._over(intended)
        sent = await self._ledger.order(request.id) or intended[0]
        if not over:
            return unsure(sent)
        if not sent.filled:
            return Refused("exit_refused", {"ticker": request.ticker, "reason": sent.reason})
        return None

    async def sendable(self, request: OrderRequest) -> OrderRequest | Refused:
        """As the broker takes it: where it knows no market orders, one at a limit that goes well through the book."""
        able = self._desk.venues[request.account].broker.capabilities
        if able.market_orders or request.type is not OrderType.MARKET:
            return request
        quote = await self._desk.quote(request.account, request.ticker)
        best = None if quote is None else offered(quote, request.side)
        if best is None:
            return Refused("no_quote", {"ticker": request.ticker})
        percent, collar = THROUGH_PERCENT, self._desk.limits.collar_percent
        if request.purpose is Purpose.ENTRY and collar:
            percent = min(percent, collar)
        instrument = self._desk.directory.instrument(request.account, request.ticker)
        return through_book(request, best, instrument, percent)

    async def breakeven(self, trade: Trade) -> Refused | None:
        """Move the stop of the open position to the alert's breakeven price; a stop never worsens.

        No position: nothing to do. The guardian puts the new stop up before it takes the old one away.
        """
        position = self._ledger.position(trade.key)
        if position is None:
            return None
        side = side_of(position.quantity)
        offered = trade.alert.levels(side).breakeven
        if offered is None:
            return Refused("no_breakeven", {"side": side.value})
        stop = round_plan(ExitPlan(stop=better_stop(side, position.plan.stop, offered)), side, trade.instrument).stop
        assert stop is not None, "a price stays one when it is rounded"
        quote = await self._desk.quote(trade.account.name, trade.instrument.ticker)
        if quote is not None and stop_crossed(side, stop, quote.bid, quote.ask):
            return crossed(stop, quote)
        await self._ledger.plan(trade.key, lambda plan: replace(plan, stop=better_stop(side, plan.stop, stop)))
        return None


def unsure(order: Order) -> Refused:
    """Nobody knows whether this order still closes something."""
    return Refused("exit_unsure", {"ticker": order.request.ticker, "id": order.id, "state": order.state.value})


def crossed(stop: Price, quote: Quote) -> Refused:
    bid, ask = ("" if price is None else plain(price) for price in (quote.bid, quote.ask))
    return Refused("stop_crossed", {"stop": plain(stop), "bid": bid, "ask": ask})
