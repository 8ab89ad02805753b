"""Stops that trail, written down and moved at the broker: seldom enough for the disk and for the broker's budget.

Between two moves `watch` holds the better level, so nothing is lost but a broker's own promptness.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from core.rules.exits import better_stop
from core.services.desk import Desk
from core.services.lanes import Lanes
from core.services.subscriptions import Symbol
from core.services.watch import Watch
from core.values.capabilities import Capabilities
from core.values.fills import Position
from core.values.ids import AccountName
from core.values.orders import ExitPlan, Key, side_of

KEPT_EVERY = timedelta(seconds=1)
SHARE = 0.4
"""Of a broker's calls, that moves of stops take at most. What is kept free for exits may be less: they go first."""


def move_every(able: Capabilities) -> timedelta:
    """How often a stop may move at a broker: a move is a new order and a cancel, within their share."""
    named = {budget.name: budget for budget in able.budgets}
    budgets = [named["stops"]] if "stops" in named else list(able.budgets)
    paces = [2 * budget.per_s / (budget.calls * SHARE) for budget in budgets]
    return max(KEPT_EVERY, timedelta(seconds=max(paces, default=0.0)))


class Trailing:
    def __init__(self, desk: Desk, lanes: Lanes, watch: Watch) -> None:
        self._desk, self._ledger, self._lanes, self._watch = desk, desk.ledger, lanes, watch
        self._moved_at: dict[AccountName, datetime] = {}
        self._behind: defaultdict[AccountName, set[Key]] = defaultdict(set)
        watch.on_moved = self.moved

    def moved(self, symbol: Symbol) -> None:
        """A stop or best price of this symbol moved: keep it at once, or with others when the second is over."""
        symbol.dirty = True
        self._begin(symbol)

    def keep(self) -> None:
        """Begin what is due: once a second for a symbol, at its budget's pace for a broker."""
        for symbol in self._watch.prices.symbols:
            if symbol.dirty:
                self._begin(symbol)
        for account, keys in self._behind.items():
            if keys and self._may_move(account):
                self._lanes.add(("trailing", account), partial(self._move, account), once=account)

    def _begin(self, symbol: Symbol) -> None:
        now = self._desk.wire.now()
        if symbol.kept_at is None or abs(now - symbol.kept_at) >= KEPT_EVERY:
            symbol.dirty, symbol.kept_at = False, now
            self._lanes.add(("trailing", id(symbol.feed), symbol.ticker), partial(self._keep, symbol))

    async def flush(self) -> None:
        """Write down what is not on disk yet: the desk is about to stop. No broker is asked for anything."""
        for symbol in self._watch.prices.symbols:
            if symbol.dirty:
                symbol.dirty = False
                await self._save(symbol)

    async def _keep(self, symbol: Symbol) -> None:
        await self._save(symbol)
        self.keep()

    async def _save(self, symbol: Symbol) -> None:
        for key in list(symbol.keys):
            position = self._ledger.position(key)
            if position is None or position.plan.rule is None:
                continue
            there = self._desk.venues[position.account].broker.capabilities.native_stops
            plan = self._watch.in_force(position)
            if there and plan.stop != position.plan.stop:
                self._behind[position.account].add(key)
                plan = replace(plan, stop=position.plan.stop)
            await self._write(key, position, plan)

    async def _move(self, account: AccountName) -> None:
        """The stop that is furthest behind moves; the others wait for their turn."""
        if not self._may_move(account):
            return
        waiting = [(key, self._ledger.position(key)) for key in self._behind[account]]
        found = [(self._lag(position), key, position) for key, position in waiting if position is not None]
        lag, key, position = max(found, key=lambda one: one[0], default=(0, None, None))
        self._behind[account] = {key for lag, key, _ in found if lag > 0} - {key}
        if key is None or position is None or not lag > 0:
            return
        self._moved_at[account] = self._desk.wire.now()
        await self._write(key, position, self._watch.in_force(position))

    def _lag(self, position: Position) -> float:
        """By what part of its price the stop on disk is worse than the one in force."""
        now, kept = self._watch.in_force(position).stop, position.plan.stop
        if now is None or now == kept:
            return 0.0
        return 1.0 if kept is None else float((now - kept) / now * side_of(position.quantity).sign)

    def _may_move(self, account: AccountName) -> bool:
        pace = move_every(self._desk.venues[account].broker.capabilities)
        moved = self._moved_at.get(account)
        return moved is None or abs(self._desk.wire.now() - moved) >= pace

    async def _write(self, key: Key, of: Position, plan: ExitPlan) -> None:
        """Never to a worse stop than has been written meanwhile, nor to another position of the same book."""

        def change(now: Position) -> Position:
            if now.id != of.id or (plan.stop is None and plan.best is None):
                return now
            side = side_of(now.quantity)
            stop = now.plan.stop if plan.stop is None else better_stop(side, now.plan.stop, plan.stop)
            best = now.plan.best if plan.best is None else better_stop(side, now.plan.best, plan.best)
            return replace(now, plan=replace(now.plan, stop=stop, best=best))

        await self._ledger.amend(key, change)
