"""Protection: every managed position has exactly the protective orders its plan names, sized to what is filled."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from core.crashpoints import crashpoint
from core.rules.aims import aim
from core.rules.exits import STANDING, Mending, Protection, mend
from core.services import telling
from core.services.desk import Desk
from core.services.incomplete import tell_incomplete
from core.services.lanes import Lanes
from core.services.watch import Watch
from core.values.changes import NoticeMade
from core.values.fills import Position
from core.values.ids import IntentId, OrderId, PositionId, derive_id
from core.values.money import ZERO
from core.values.orders import (
    BY_HAND,
    NO_PLAN,
    ExitPlan,
    Key,
    Order,
    OrderRequest,
    OrderRole,
    PartTarget,
    Purpose,
    Refused,
)

log = logging.getLogger(__name__)

PROTECTIVE = frozenset({OrderRole.STOP, OrderRole.TARGET})
TRIES_MAX = 2
"""A protective order that was refused is tried once more; then people are called, and it waits for a new level."""
NUMBERS_MAX = 1000
"""Causes whose next id is known; of one that was forgotten the journal is asked."""


class Guardian:
    """Tends a book of an instrument whenever an order or position of it changed, in that instrument's lane.

    What the broker cannot hold, `watch` does.
    """

    def __init__(self, desk: Desk, lanes: Lanes, watch: Watch) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._lanes = lanes
        self._watch = watch
        self._refused: dict[tuple[str, Protection], int] = {}
        self._numbers: dict[tuple[OrderRole, str], int] = {}
        self._undone: set[Key] = set()

    def watch(self) -> None:
        """Begin to listen to the ledger."""
        self._ledger.listeners.append(self.look_at)

    def look_at(self, key: Key) -> None:
        account, ticker, book = key
        if book != BY_HAND:
            self._lanes.add((account, ticker), lambda: self._tended(key), once=key)

    def make_good(self) -> None:
        """Tend once more what could not be: the journal or the broker was away."""
        for key in self._undone:
            self.look_at(key)

    async def _tended(self, key: Key) -> None:
        self._undone.add(key)
        await self.tend(key)
        self._undone.discard(key)

    async def tend(self, key: Key) -> None:
        """Bring the protective orders of one book a step nearer to what they should be.

        Whatever comes of the step is a change of the ledger, and that makes it look again.
        """
        position = await self._aimed(key)
        if position is not None and self._watch.leaving(position):
            return  # the way out has begun; what stands goes when it is done, and comes back where it fails
        able = self._desk.venues[key[0]].broker.capabilities
        if not able.reduce_only and self._ledger.exits_sent(key):
            return  # a way out of an earlier life of the desk may still fill, and a stop beside it would be too much
        plan = NO_PLAN if position is None else self._at_broker(position)
        todo = mend(
            self._ledger.held(key),
            self._ledger.entering(key),
            plan,
            self.protective(key),
            reduce_only=able.reduce_only,
        )
        if position is not None and todo.place:
            await self._place(position, todo)
        if todo.cancel:
            await self._desk.cancel_all(list(todo.cancel))

    async def _aimed(self, key: Key) -> Position | None:
        """The position, its plan's prices made from its rule and average entry."""
        position = self._ledger.position(key)
        if position is None or position.plan.rule is None or position.plan.average == position.average_price:
            return position
        instrument = self._desk.directory.instrument(position.account, position.ticker)
        await self._ledger.amend(
            key, lambda now: replace(now, plan=aim(now.plan, now.quantity, now.average_price, instrument))
        )
        return self._ledger.position(key)

    def _at_broker(self, position: Position) -> ExitPlan:
        """What of the plan the broker can hold."""
        native = self._desk.venues[position.account].broker.capabilities.native_stops
        return position.plan if native else replace(position.plan, stop=None)

    def protective(self, key: Key) -> list[Order]:
        return [o for o in self._ledger.live(*key) if o.request.role in PROTECTIVE]

    def protected_by(self, position: Position) -> str | None:
        """`broker` when a stop for all of it stands there, `desk` when its level is watched; None when neither."""
        if position.id in self.covered([position]):
            return "broker"
        return "desk" if self._watch.protects(position) else None

    def covered(self, positions: Iterable[Position]) -> set[PositionId]:
        """Those of the positions for all of which a stop stands at the broker; one look at the orders for them all."""
        stops: dict[Key, Decimal] = {}
        for order in self._ledger.orders.values():
            if order.request.role is OrderRole.STOP and order.state in STANDING:
                key = order.request.key
                stops[key] = max(order.remaining, stops.get(key, ZERO))
        found = ((p, stops.get(p.key, ZERO)) for p in positions)
        return {position.id for position, pieces in found if pieces >= abs(position.quantity)}

    def leaving(self, position: Position) -> bool:
        """Whether the desk has begun to close it."""
        return self._watch.leaving(position)

    def leave(self, position: Position, why: str) -> None:
        """Close it at market, tried until it is done; nothing happens where that is under way."""
        self._watch.leave(position, why)

    def in_force(self, position: Position) -> Position:
        """With the stop that trails at this moment, and the seconds without protection until now."""
        since = position.unprotected_since
        running = 0.0 if since is None else max(0.0, (self._desk.wire.now() - since).total_seconds())
        return replace(
            position,
            plan=self._watch.in_force(position),
            unprotected_since=None,
            unprotected_s=position.unprotected_s + running,
        )

    async def _place(self, position: Position, todo: Mending) -> None:
        entry = await self._ledger.entry_of(position)
        missing: list[tuple[PartTarget, str]] = []
        for protection in todo.place:
            tries = self._refused.get((position.id, protection), 0)
            if tries >= TRIES_MAX:
                continue
            sent = await self._send(await self._request(position, protection, entry))
            if isinstance(sent, Refused) or (sent.state.final and not sent.filled):
                self._refused[position.id, protection] = tries + 1
                if not isinstance(sent, Refused) and tries + 1 < TRIES_MAX:
                    continue  # the first no may have crossed a fill
                why = sent if isinstance(sent, Refused) else Refused("stop_rejected", {"reason": sent.reason})
                if protection.price is None:
                    await self._alarm(position, why)
                else:
                    reason = why.params.get("reason") or why.code
                    missing.append((PartTarget(protection.price, protection.quantity), reason))
        if missing:
            await tell_incomplete(self._desk, position, missing)

    async def _send(self, request: OrderRequest) -> Order | Refused:
        made = await self._desk.intend(request)
        if isinstance(made, Refused):
            return made
        crashpoint("prot.intent")
        sent = await self._desk.send(made[0].id)
        crashpoint("prot.sent")
        return sent

    async def _next_id(self, role: OrderRole, cause: str) -> OrderId:
        """The first of a cause's ids that no order has had."""
        number = self._numbers.get((role, cause), 0)
        while await self._ledger.order(
            order_id := OrderId(derive_id(self._desk.desk_id, role.value, cause, str(number)))
        ):
            number += 1
        if len(self._numbers) >= NUMBERS_MAX:
            self._numbers.clear()
        self._numbers[role, cause] = number
        return order_id

    async def _request(self, position: Position, protection: Protection, entry: Order | None) -> OrderRequest:
        cause = entry.request.intent if entry else position.id
        return OrderRequest(
            id=await self._next_id(protection.role, cause),
            intent=IntentId(cause),
            account=position.account,
            ticker=position.ticker,
            side=protection.side,
            type=protection.type,
            quantity=protection.quantity,
            role=protection.role,
            purpose=Purpose.EXIT,
            because=entry.request.because if entry else (),
            book=position.book,
            price=protection.price,
            stop_price=protection.stop_price,
            reduce_only=True,
            owner=position.owner,
        )

    async def _alarm(self, position: Position, why: Refused) -> None:
        """A stop was refused: where none stands, a managed position is naked, and people must know at once."""
        tell = telling.stop_stays if self.covered([position]) else telling.unprotected
        notice = tell(self._desk.desk_id, position, why, self._desk.clock.now())
        log.error("stop refused", extra={"position": position.id, "ticker": position.ticker, "why": why.code})
        await self._desk.store.save(NoticeMade(notice))
