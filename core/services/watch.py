"""Levels that the desk watches itself, on every quote: the whole protection where the broker keeps no stops, the better
level between two moves of a stop there, targets that must not rest beside a stop, and the end of a holding time.

Where the quotes come from: `subscriptions`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from core.rules.aims import aim, armed, ticks
from core.rules.exits import STANDING, better_stop
from core.rules.levels import Armed, Crossed, Kind
from core.services.desk import Desk
from core.services.exiting import unsure
from core.services.lanes import Lanes
from core.services.leaving import Leaving
from core.services.subscriptions import Subscriptions, Symbol
from core.services.taking import Taking
from core.values.fills import Position
from core.values.ids import PositionId
from core.values.market import Quote
from core.values.money import Price
from core.values.orders import ExitPlan, Key, Order, OrderRole, Refused, side_of

LEFT_TO_BROKER = timedelta(seconds=5)
"""A stop at the broker whose level was crossed has so long to act before the desk closes the position itself; no longer
where the clock is set back meanwhile."""


class Watch:
    """on_moved: told of a symbol in which a stop or best price has moved."""

    def __init__(self, desk: Desk, lanes: Lanes, leaving: Leaving, taking: Taking, jump: int) -> None:
        """jump: how far beyond the last one a quote is believed without a second, in millionths of a percent."""
        self._desk, self._ledger, self._leaving, self._taking = desk, desk.ledger, leaving, taking
        self.prices = Subscriptions(desk, lanes, jump, self._take)
        taking.on_done = self.look_at
        self._armed: dict[Key, tuple[PositionId, Armed]] = {}
        self._left: dict[PositionId, tuple[Key, datetime]] = {}
        self._alarms: dict[PositionId, asyncio.Task[None]] = {}
        self._begun = False
        self.on_moved: Callable[[Symbol], None] = lambda _symbol: None
        desk.ledger.listeners.append(self.look_at)

    def begin(self) -> None:
        """Watch what is held. Called when every difference with the brokers is settled, not before."""
        self._begun = True
        for key in list(self._ledger.positions):
            self.look_at(key)

    async def close(self) -> None:
        self._begun = False
        for task in self._alarms.values():
            task.cancel()
        await asyncio.gather(*self._alarms.values(), return_exceptions=True)

    # positions

    def look_at(self, key: Key) -> None:
        """Something of this book changed: watch what its plan now says."""
        if not self._begun:
            return
        position = self._ledger.position(key)
        if position is None or not position.managed:
            self._disarm(key)
        elif not self._leaving.under_way(position.id):
            self._arm(key, position)

    def symbol(self, position: Position) -> Symbol | None:
        return self.prices.at(position.key)

    def leaving(self, position: Position) -> bool:
        """Whether the desk is about to close it, and has not failed to again and again."""
        return self._leaving.under_way(position.id) and position.id not in self._leaving.failing

    def leave(self, position: Position, why: str) -> None:
        self._leaving.leave(position, why)

    def protects(self, position: Position) -> bool:
        """Whether a stop of the position is watched on prices that come in, or it is being closed; and could be."""
        if self._stuck(position):
            return False
        if self._leaving.under_way(position.id):
            return not self._leaving.in_trouble(position.id)
        symbol, key = self.symbol(position), position.key
        return symbol is not None and symbol.levels.stop(key) is not None and self.prices.hears(symbol)

    def why_not(self, position: Position) -> Refused:
        """Why the desk does not protect it."""
        trouble = self._leaving.trouble.get(position.id)
        if trouble is not None:
            return trouble
        stuck = self._stuck(position)
        if stuck is not None:
            return unsure(stuck)
        symbol = self.symbol(position)
        dead = symbol is not None and symbol.watched and not self.prices.hears(symbol)
        return Refused("feed_dead" if dead else "not_watched", {"ticker": position.ticker})

    def _stuck(self, position: Position) -> Order | None:
        """A way out that nobody knows of: until a person's cancel ends it, none is made beside it."""
        exits = (o for o in self._ledger.live(*position.key) if o.request.role is OrderRole.EXIT)
        return next((order for order in exits if self._desk.has_denied(order.id)), None)

    def in_force(self, position: Position) -> ExitPlan:
        """The plan as it is at this moment; on disk it may be a second old."""
        symbol, key = self.symbol(position), position.key
        plan = position.plan
        if symbol is None or key not in symbol.levels:
            return plan
        stop, best = symbol.levels.stop(key), symbol.levels.best(key)
        tick = symbol.instrument.tick
        return replace(
            plan,
            stop=plan.stop if stop is None else Price(stop * tick),
            best=plan.best if best is None else Price(best * tick),
        )

    def _arm(self, key: Key, position: Position, reached: Price | None = None) -> None:
        """reached: a price that the market has been at, where what was known of its best is gone."""
        symbol = self.prices.open(position)
        if symbol is None:
            return
        plan = aim(position.plan, position.quantity, position.average_price, symbol.instrument)
        if reached is not None and plan.best is not None:
            plan = replace(plan, best=better_stop(side_of(position.quantity), plan.best, reached))
        at_broker = self._desk.venues[position.account].broker.capabilities.reduce_only
        target = None if at_broker else self._taking.next(replace(position, plan=plan))
        level = None if target is None else target.price
        wanted = armed(plan, position.quantity, symbol.instrument, level)
        if self._armed.get(key) == (position.id, wanted) and key in symbol.levels:
            return
        sign = side_of(position.quantity).sign
        known, best = self._armed.get(key), symbol.levels.best(key)
        self._armed[key] = (position.id, wanted)
        if known is not None and known[0] == position.id and best is not None and wanted.best is not None:
            wanted = replace(wanted, best=max(best, wanted.best, key=lambda price: price * sign))
        symbol.levels.put(key, sign, wanted)
        if plan.rule is not None and plan.rule.hold_s is not None and position.id not in self._alarms:
            ends = position.opened_at + timedelta(seconds=plan.rule.hold_s)
            self._alarms[position.id] = asyncio.create_task(self._in_time(key, position.id, ends))
        if symbol.levels.doubt:
            self.prices.ask(symbol)

    def _disarm(self, key: Key) -> None:
        known = self._armed.pop(key, None)
        if known is not None:
            self._left.pop(known[0], None)
            alarm = self._alarms.pop(known[0], None)
            if alarm is not None and alarm is not asyncio.current_task():
                alarm.cancel()
        symbol = self.prices.at(key)
        if symbol is not None:
            self.prices.leave(symbol, key)

    async def _in_time(self, key: Key, position_id: PositionId, ends: datetime) -> None:
        while (left := (ends - self._desk.clock.now()).total_seconds()) > 0:
            await self._desk.clock.sleep(left)
        position = self._ledger.position(key)
        if position is not None and position.id == position_id:
            self._leaving.leave(position, "time")

    # quotes

    def _take(self, symbol: Symbol, quote: Quote) -> None:
        bid, ask = (None if price is None else ticks(price, symbol.instrument) for price in (quote.bid, quote.ask))
        found = symbol.levels.feed(bid, ask)
        if found is None:
            return
        for crossed in found.crossed:
            self._crossed(symbol, crossed)
        if found.doubt:
            self.prices.ask(symbol)
        if symbol.levels.moved():
            self.on_moved(symbol)

    def _crossed(self, symbol: Symbol, crossed: Crossed) -> None:
        key: Key = crossed.id  # type: ignore[assignment]  # keys of the ledger are what is put in
        position = self._ledger.position(key)
        if position is None or not self._begun:
            return
        level = Price(crossed.level * symbol.instrument.tick)
        if crossed.kind is Kind.TARGET:
            part = self._taking.next(position)
            if part is None or part.quantity < abs(position.quantity):
                self._taking.take(position, level)
                self._arm(key, position, level)
                return
        elif self._left_to_broker(key, position, level):
            return
        self._leaving.leave(position, crossed.kind.value, level)

    def _left_to_broker(self, key: Key, position: Position, level: Price) -> bool:
        """Whether a stop stands there that this price must have fired, and its time to act is not over."""
        sign = side_of(position.quantity).sign
        stops = [o for o in self._ledger.live(*key) if o.request.role is OrderRole.STOP and o.state in STANDING]
        due = [o for o in stops if o.request.stop_price is not None and (o.request.stop_price - level) * sign >= 0]
        if not any(order.remaining >= abs(position.quantity) for order in due):
            return False
        now = self._desk.wire.now()
        _, since = self._left.setdefault(position.id, (key, now))
        return abs(now - since) < LEFT_TO_BROKER

    # now and then

    def tidy(self) -> None:
        """What could not be done at its time: subscriptions, questions, stops that a broker should have fired."""
        now = self._desk.wire.now()
        self.prices.tidy()
        for position_id, (key, since) in list(self._left.items()):
            if abs(now - since) >= LEFT_TO_BROKER:
                self.look_at(key)
                symbol = self.prices.at(key)
                if symbol is None or not symbol.levels.doubt:  # the price came back
                    self._left.pop(position_id, None)
