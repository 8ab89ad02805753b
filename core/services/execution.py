"""What alerts and people want, turned into orders: enter, or work by hand; the ways out are in `exiting`.

Every routine can be run again for the same cause after a crash: orders have derived ids, those on disk are taken as
they stand, and only what is missing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.rules.exits import STANDING, round_plan, stop_crossed
from core.rules.linking import start_levels
from core.rules.sizing import OverLeverage, size_by_risk, whole_steps
from core.rules.targets import levels_at, split
from core.services.desk import Desk
from core.services.exiting import NOBODY_THERE, SETTLE_S, Exiting, crossed
from core.services.naming import Naming
from core.services.trade import Exit, Trade, exit_of
from core.values.alerts import AlertKind
from core.values.fills import Position
from core.values.ids import IntentId, OrderId, derive_id
from core.values.money import Price, Quantity, plain
from core.values.orders import (
    ExitPlan,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderType,
    Purpose,
    Refused,
    Side,
)


class Execution:
    """`on_nobody` is told of a position that an alert wants closed while its book is empty: it goes on trying."""

    def __init__(self, desk: Desk, naming: Naming, over_leverage: OverLeverage = OverLeverage.REFUSE) -> None:
        self._desk = desk
        self._naming = naming
        self._ledger = desk.ledger
        self._over_leverage = over_leverage
        self.exiting = Exiting(desk)
        self.on_nobody: Callable[[Position], None] = lambda _position: None

    async def run(self, trade: Trade) -> Refused | None:
        """Do what the alert's kind says."""
        match trade.alert.kind:
            case AlertKind.ENTRY:
                return await self.enter(trade)
            case AlertKind.EXIT:
                return await self._leave(trade)
            case AlertKind.BREAKEVEN:
                return await self.exiting.breakeven(trade)
            case AlertKind.INFO:
                return None

    # enter

    async def enter(self, trade: Trade) -> Refused | None:
        """Flatten the book's position, then stop first, then entry; the guardian adds the target when it fills."""
        before = await self._desk.store.orders_because("alert", trade.alert_id)
        if any(o.request.role is OrderRole.ENTRY for o in before):
            return await self._send_entry(before)
        requests = await self._entry_orders(trade)
        if isinstance(requests, Refused):
            return requests
        orders = await self._desk.intend(*requests)
        return orders if isinstance(orders, Refused) else await self._send_entry(orders)

    async def give_up(self, trade: Trade) -> bool:
        """Take back what was decided and not sent, its time being over. False: it had begun, and must be finished."""
        orders = await self._desk.store.orders_because("alert", trade.alert_id)
        role = OrderRole.ENTRY if trade.alert.kind is AlertKind.ENTRY else OrderRole.EXIT
        if any(o.request.role is role and o.state is not OrderState.INTENDED for o in orders):
            return False
        await self._desk.cancel_all([o for o in orders if o.state is OrderState.INTENDED])
        return True

    async def _leave(self, trade: Trade) -> Refused | None:
        """Close what the trade names; where a link holds more of the same, such as both a call and a put, that too."""
        refused = await self._close(exit_of(trade))
        for key in () if trade.alert.link is None else self._naming.held(trade.alert.link, trade.alert):
            if key != trade.key:
                intent = IntentId(f"{trade.alert_id}:{key[0]}:{key[1]}")
                refused = await self._close(replace(exit_of(trade), key=key, intent=intent)) or refused
        return refused

    async def _close(self, way: Exit) -> Refused | None:
        refused = await self.exiting.exit(way)
        position = self._ledger.position(way.key)
        if refused is not None and refused.code in NOBODY_THERE and position is not None:
            self.on_nobody(position)
        return refused

    async def _entry_orders(self, trade: Trade) -> list[OrderRequest] | Refused:
        priced = await self._fit_to_enter(trade)
        if isinstance(priced, Refused):
            return priced
        # An entry at work counts too: its fills may be on their way, and the next one must not meet them half-way.
        at_work = self._ledger.held(trade.key) or self._ledger.live(*trade.key)
        if at_work and await self.exiting.exit(exit_of(trade)) is not None:
            return Refused("flatten_failed", {"ticker": trade.instrument.ticker})
        planned = await self.planned(priced)
        entry = planned if isinstance(planned, Refused) else await self.exiting.sendable(planned)
        return entry if isinstance(entry, Refused) else [entry, *self._first_stop(entry)]

    async def priced(self, trade: Trade) -> Trade | Refused:
        """With the prices that a link's percentages, or an alert that names none, come to in the market of now. A stop
        of the alert's own that risks less than the rule's stays a price."""
        alert, side = trade.alert, trade.alert.side
        assert side is not None, "the door lets no entry in without a side"
        if trade.rule is None or (alert.order_type is OrderType.LIMIT and alert.price is not None):
            reference = alert.price
        else:
            quote = await self._desk.quote(trade.account.name, trade.instrument.ticker)
            reference = None if quote is None else (quote.ask if side is Side.BUY else quote.bid)
        if reference is None:
            return Refused("no_quote", {"ticker": trade.instrument.ticker})
        if trade.rule is None:
            return trade
        levels = start_levels(trade.rule, side, reference, alert.levels(side))
        own = alert.levels(side).stop
        rule = trade.rule if own is None or levels.stop != own else replace(trade.rule, stop=None)
        alert = replace(alert, price=reference, long=levels, short=levels)
        return replace(trade, alert=alert, rule=rule, arrival=trade.alert.price)

    async def planned(self, trade: Trade) -> OrderRequest | Refused:
        """The entry that a priced trade asks for, sized by risk unless its quantity is fixed. Writes nothing."""
        alert, side, price = trade.alert, trade.alert.side, trade.alert.price
        assert side is not None, "the door lets no entry in without a side"
        assert price is not None, "priced"
        levels = alert.levels(side)
        plan = round_plan(ExitPlan(levels.stop, levels.target, trade.rule), side, trade.instrument)
        if plan.stop is None and (trade.quantity is None or self._desk.limits.stop_required):
            return Refused("stop_required", {})  # a size by risk needs one, whatever the limits say
        worst = trade.instrument.price_down(price) if side is Side.BUY else trade.instrument.price_up(price)
        if plan.stop is not None and (worst - plan.stop) * side.sign <= 0:  # on their ticks they may have met
            return Refused("stop_at_price", {"price": plain(price)})
        if trade.quantity is not None:
            quantity = whole_steps(trade.quantity, trade.instrument)
        else:
            assert plan.stop is not None, "refused above"
            quantity = await self._sized(trade, side, price, plan.stop)
        if isinstance(quantity, Refused):
            return quantity
        if alert.close_percent is not None and levels.stop is not None:
            at = trade.targets
            if at is None:
                at = levels_at(price, levels.stop, side, alert.multiples, trade.instrument)
            parts = split(at, side, quantity, alert.close_percent, plan.target, trade.instrument)
            plan = replace(plan, parts=parts)
        return self._entry(trade, side, price, quantity, plan)

    async def _sized(self, trade: Trade, side: Side, price: Price, stop: Price) -> Quantity | Refused:
        quote = await self._desk.quote(trade.account.name, trade.instrument.ticker)
        taken = None if quote is None else (quote.ask if side is Side.BUY else quote.bid)
        at_market = trade.alert.order_type is OrderType.MARKET and taken is not None
        margin = await self._desk.venues[trade.account.name].broker.margin()
        return size_by_risk(
            margin.free,
            trade.risk_percent or trade.account.risk_percent,
            price,
            stop,
            trade.instrument,
            trade.account.leverage_max,
            self._over_leverage,
            cost=taken if at_market else price,
        )

    async def _fit_to_enter(self, trade: Trade) -> Trade | Refused:
        """The trade at prices of now, or what speaks against it before the old position is touched: a halted desk must
        not even flatten."""
        held_back = self._desk.safety.held_back(trade.account.name)
        if held_back is not None:
            return held_back
        quote = await self._desk.quote(trade.account.name, trade.instrument.ticker)
        if quote is None:
            return Refused("no_quote", {"ticker": trade.instrument.ticker})
        if not quote.trading:
            return Refused("market_closed", {"ticker": trade.instrument.ticker})
        priced = await self.priced(trade)
        if isinstance(priced, Refused):
            return priced
        side = priced.alert.side
        assert side is not None, "the door lets no entry in without a side"
        stop = priced.alert.levels(side).stop
        if stop is not None and stop_crossed(side, stop, quote.bid, quote.ask):
            return crossed(stop, quote)
        return priced

    def _entry(self, trade: Trade, side: Side, price: Price, quantity: Quantity, plan: ExitPlan) -> OrderRequest:
        limit = None
        if trade.alert.order_type is OrderType.LIMIT:
            limit = trade.instrument.price_down(price) if side is Side.BUY else trade.instrument.price_up(price)
        return OrderRequest(
            id=self._id("entry", trade.alert_id),
            intent=IntentId(trade.alert_id),
            account=trade.account.name,
            ticker=trade.instrument.ticker,
            side=side,
            type=trade.alert.order_type,
            quantity=quantity,
            role=OrderRole.ENTRY,
            purpose=Purpose.ENTRY,
            because=trade.because,
            book=trade.book,
            price=limit,
            plan=plan,
            arrival=trade.arrival or price,
            owner=trade.account.owner,
        )

    def _first_stop(self, entry: OrderRequest) -> list[OrderRequest]:
        """Before the entry where an order that only reduces can wait for a position; else the guardian places it."""
        capabilities = self._desk.venues[entry.account].broker.capabilities
        waits = capabilities.native_stops and capabilities.reduce_only and capabilities.stops_wait
        if not waits or entry.plan is None or entry.plan.stop is None:
            return []
        return [
            replace(
                entry,
                id=self._id("stop", entry.intent, "0"),
                side=entry.side.opposite,
                type=OrderType.STOP,
                role=OrderRole.STOP,
                purpose=Purpose.EXIT,
                price=None,
                stop_price=entry.plan.stop,
                reduce_only=True,
                plan=None,
                arrival=None,
            )
        ]

    async def _send_entry(self, orders: Sequence[Order]) -> Refused | None:
        """The stop goes first; an entry whose stop does not stand is never sent. One that was sent is left as it is.

        orders: every one because of this alert, oldest first; the first stop is the one that the entry waits for.
        """
        entry = next(o for o in orders if o.request.role is OrderRole.ENTRY)
        stop = next((o for o in orders if o.request.role is OrderRole.STOP), None)
        if entry.state is not OrderState.INTENDED:
            return None
        if stop is not None:
            stop = await self._known(await self._desk.send(stop.id))
            if stop.state not in STANDING:
                await self._desk.cancel_all([entry, stop])
                return Refused("stop_not_placed", {"reason": stop.reason or stop.state.value.lower()})
        entry = await self._desk.send(entry.id)
        if stop is not None and entry.state is OrderState.REJECTED:
            await self._desk.cancel(stop.id)
        return None

    async def _known(self, order: Order) -> Order:
        """The order once the broker has told what became of it, or as it is when asking was in vain."""

        def told() -> bool:
            now = self._ledger.orders.get(order.id)
            return now is None or not now.state.in_doubt

        await self._ledger.until(told, self._desk.wire, SETTLE_S)
        return await self._ledger.order(order.id) or order

    async def open(self, entry: OrderRequest) -> Order | Refused:
        """Enter as a strategy decided, the stop of its plan first. An intent of its own for every entry."""
        orders = await self._desk.intend(entry, *self._first_stop(entry))
        if isinstance(orders, Refused):
            return orders
        refused = await self._send_entry(orders)
        return refused or await self._ledger.order(entry.id) or orders[0]

    # by hand

    async def work(self, request: OrderRequest) -> Order | Refused:
        """Send one order that a person asked for."""
        intended = await self._desk.intend(request)
        if isinstance(intended, Refused):
            return intended
        return await self._desk.send(intended[0].id)

    def _id(self, *cause: str) -> OrderId:
        return OrderId(derive_id(self._desk.desk_id, *cause))
