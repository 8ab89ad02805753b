"""Targets that the desk itself watches and that close a part only: one order for each, in its instrument's lane.

Until it is done the position is watched without that target, its stop goes on; then the next one is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.rules.backoff import backoff_s
from core.rules.targets import targets_of
from core.services.desk import Desk
from core.services.exiting import Exiting
from core.services.incomplete import tell_incomplete
from core.services.lanes import Lanes
from core.services.later import Later
from core.values.errors import DeskError
from core.values.fills import Position
from core.values.ids import PositionId
from core.values.money import Price, Quantity, plain
from core.values.orders import Key, OrderRole, PartTarget, Refused

log = logging.getLogger(__name__)

TRIES_MAX = 5
WORKING_S = 5.0
"""How long to wait where an order still works, or nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """level: the target's price."""

    key: Key
    position: PositionId
    level: Price


class Taking:
    """`on_done` is told of a book whose part was taken or given up."""

    def __init__(self, desk: Desk, lanes: Lanes) -> None:
        self._desk, self._ledger, self._lanes = desk, desk.ledger, lanes
        self._exiting = Exiting(desk)
        self._tries: dict[PositionId, int] = {}
        self._failed: set[tuple[PositionId, Price]] = set()
        self._later = Later(desk.wire)
        self.on_done: Callable[[Key], None] = lambda _key: None

    def next(self, position: Position) -> PartTarget | None:
        """The nearest target that is to be watched; None where there is none, or one is being taken. The main
        one, where it alone is left, is for everything, what was given up before it included."""
        if position.id in self._tries:
            return None
        asked = targets_of(position.plan, position.quantity)
        left = [part for part in asked if (position.id, part.price) not in self._failed]
        if len(left) == 1 and left[0].price == position.plan.target:
            return PartTarget(left[0].price, Quantity(abs(position.quantity)))
        return left[0] if left else None

    def take(self, position: Position, level: Price) -> None:
        """Close what the plan says at this level; nothing happens where something is being taken."""
        if position.id not in self._tries:
            self._tries[position.id] = 0
            self._line_up(Part(position.key, position.id, level))

    async def close(self) -> None:
        await self._later.close()

    def _line_up(self, part: Part) -> None:
        account, ticker, _ = part.key
        self._lanes.add((account, ticker), lambda: self._run(part))

    def _again(self, seconds: float, part: Part) -> None:
        self._later.after(seconds, lambda: self._line_up(part))

    async def _run(self, part: Part) -> None:
        position = self._ledger.position(part.key)
        wanted = None if position is None or position.id != part.position else _at(position, part.level)
        if position is None or wanted is None:
            self._done(part)
            return
        if any(o.request.role in {OrderRole.EXIT, OrderRole.TARGET} for o in self._ledger.live(*part.key)):
            self._again(WORKING_S, part)
            return
        try:
            way, _ = await self._exiting.next_try(position, part.level, "take", position.id, plain(part.level))
            refused = await self._exiting.part(way, wanted.quantity)
        except DeskError as error:
            refused = Refused("exit_refused", {"ticker": position.ticker, "reason": str(error)})
        if refused is None or refused.code == "empty_book":  # when somebody is there again, the level is reached anew
            self._done(part)
        else:
            await self._refused(position, part, wanted, refused)

    async def _refused(self, position: Position, part: Part, wanted: PartTarget, refused: Refused) -> None:
        tries = self._tries[position.id] = self._tries[position.id] + 1
        extra = {"position": position.id, "ticker": position.ticker, "why": refused.code, "tries": tries}
        log.warning("target not taken", extra=extra)
        if tries < TRIES_MAX:
            self._again(backoff_s(tries, position.id), part)
            return
        self._failed.add((position.id, part.level))
        await tell_incomplete(self._desk, position, [(wanted, refused.params.get("reason") or refused.code)])
        self._done(part)

    def _done(self, part: Part) -> None:
        self._tries.pop(part.position, None)
        self.on_done(part.key)


def _at(position: Position, level: Price) -> PartTarget | None:
    found = targets_of(position.plan, position.quantity)
    return next((part for part in found if part.price == level), None)
