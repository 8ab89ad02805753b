"""What a person does with one position or order: move its stop and target, close it, cancel it. Each is audited.

The guardian and the watch hear of a new plan as of any other change of the ledger: a new stop stands before the old
one goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.rules.exits import better_stop, round_plan, stop_crossed
from core.services.desk import Desk
from core.services.exiting import crossed
from core.services.guardian import Guardian
from core.values.changes import Audited
from core.values.fills import Position
from core.values.ids import OrderId
from core.values.market import Quote
from core.values.money import Price, plain
from core.values.orders import ExitPlan, Order, Purpose, Refused, Side, side_of
from core.values.people import Person, Role

Levels = Mapping[str, Price | None]
"""`stop` and `target`; absent: as it is. A target of None: at no price."""


class Hands:
    def __init__(self, desk: Desk, guardian: Guardian) -> None:
        self._desk, self._ledger = desk, desk.ledger
        self._guardian = guardian

    async def amend(self, position_id: str, levels: Levels, person: Person) -> Position | Refused:
        """The position with its new plan. Refused: unknown_id, not_allowed, not_managed, being_closed, stop_needed,
        no_quote, stop_crossed, target_crossed, stop_trails.

        Prices are rounded to ticks, the stop towards the entry. A rule of the position's link gives no price any more
        that a person set; where the stop follows the market, a person may only move it nearer.
        """
        position = self._may(position_id, person)
        if isinstance(position, Refused):
            return position
        if levels.get("stop", True) is None:
            return Refused("stop_needed", {"ticker": position.ticker})
        quote = await self._desk.quote(position.account, position.ticker)
        if quote is None:
            return Refused("no_quote", {"ticker": position.ticker})
        wanted = self._on_ticks(position, levels)
        refused = self._against(position, wanted, quote)
        if refused is not None:
            return refused
        data = {name: "none" if price is None else plain(price) for name, price in wanted.items()}
        said = self._audited(person, "position.amended", position.id, {"ticker": position.ticker, **data})
        await self._ledger.amend(
            position.key, lambda now: replace(now, plan=_with(now.plan, wanted)) if now.id == position.id else now, said
        )
        return self._ledger.position(position.key) or position

    async def close(self, position_id: str, person: Person) -> Position | Refused:
        """Close a managed position at market, as at its stop: tried until it is done. Refused as `amend`."""
        position = self._may(position_id, person)
        if isinstance(position, Refused):
            return position
        await self._desk.store.save(
            self._audited(person, "position.closed", position.id, {"ticker": position.ticker, "book": position.book})
        )
        self._guardian.leave(position, "person")
        return position

    async def cancel(self, order_id: str, person: Person) -> Order | Refused:
        """Cancel one entry or trap; what is so afterwards. Raises Transient where the broker cannot be asked.

        Refused: unknown_id, not_allowed, order_over, order_protects (its level is moved, or the position closed),
        order_of_task (its task is stopped: it would place the next).
        """
        order = await self._ledger.order(OrderId(order_id))
        if order is None or not person.sees(order.request.owner):
            return Refused("unknown_id", {"id": order_id})
        if not person.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        if order.state.final:
            return Refused("order_over", {"state": order.state.value})
        purpose = order.request.purpose
        if purpose not in {Purpose.ENTRY, Purpose.TRAP}:
            code = "order_protects" if purpose is Purpose.EXIT else "order_of_task"
            return Refused(code, {"ticker": order.request.ticker})
        said = self._audited(person, "order.cancel", order.id, {"ticker": order.request.ticker})
        await self._desk.store.save(said)
        return await self._desk.cancel(order.id) or await self._ledger.order(order.id) or order

    def _may(self, position_id: str, person: Person) -> Position | Refused:
        """The open position, where this person may change what becomes of it."""
        found = next((p for p in self._ledger.positions.values() if p.id == position_id and p.is_open), None)
        if found is None or not person.sees(found.owner):
            return Refused("unknown_id", {"id": position_id})
        if not person.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        if not found.managed:
            return Refused("not_managed", {"ticker": found.ticker})
        if self._guardian.leaving(found):
            return Refused("being_closed", {"ticker": found.ticker})
        return found

    def _on_ticks(self, position: Position, levels: Levels) -> Levels:
        instrument = self._desk.directory.instrument(position.account, position.ticker)
        plan = ExitPlan(stop=levels.get("stop"), target=levels.get("target"))
        rounded = round_plan(plan, side_of(position.quantity), instrument)
        prices = {"stop": rounded.stop, "target": rounded.target}
        return {name: price for name, price in prices.items() if name in levels}

    def _against(self, position: Position, wanted: Levels, quote: Quote) -> Refused | None:
        """What speaks against these levels at this quote."""
        side, plan = side_of(position.quantity), self._guardian.in_force(position).plan
        stop, target, rule = wanted.get("stop"), wanted.get("target"), plan.rule
        if stop is not None and stop_crossed(side, stop, quote.bid, quote.ask):
            return crossed(stop, quote)
        follows = rule is not None and (rule.trailing is not None or rule.ladder)
        if stop is not None and follows and better_stop(side, plan.stop, stop) != stop:
            return Refused("stop_trails", {"stop": plain(stop), "now": plain(plan.stop or stop)})
        if target is not None and _reached(side, target, quote):
            return Refused("target_crossed", {**crossed(target, quote).params, "target": plain(target)})
        return None

    def _audited(self, person: Person, action: str, about: str, data: Mapping[str, str]) -> Audited:
        return Audited(self._desk.clock.now(), person.id, person.surface, action, about, data)


def _with(plan: ExitPlan, wanted: Levels) -> ExitPlan:
    """A person's price stands in place of what the rule would make of it."""
    rule = plan.rule
    if rule is not None:
        rule = replace(
            rule,
            stop=None if "stop" in wanted else rule.stop,
            target=None if "target" in wanted else rule.target,
        )
    return replace(plan, stop=wanted.get("stop", plan.stop), target=wanted.get("target", plan.target), rule=rule)


def _reached(side: Side, target: Price, quote: Quote) -> bool:
    """Whether the market already trades at the target of a position of this side, or beyond it."""
    if side is Side.BUY:
        return quote.bid is not None and quote.bid >= target
    return quote.ask is not None and quote.ask <= target
