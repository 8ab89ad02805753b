"""Positions that the desk leaves by itself: at a level, or when their time is over. One way out for each, ever.

open -> closing -> closed: orders are numbered by try, and a try is made only when all before it are over. So fifty
quotes beyond a stop make one order, and so does a crash between the decision and the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.crashpoints import crashpoint
from core.rules.backoff import backoff_s
from core.rules.matching import NO_LIQUIDITY
from core.services.desk import Desk
from core.services.exiting import NOBODY_THERE, Exiting
from core.services.lanes import Lanes
from core.services.later import Later
from core.services.trade import Exit
from core.values.changes import Audited
from core.values.errors import POISON, DeskError, Transient
from core.values.fills import Position
from core.values.ids import PositionId, UserId
from core.values.money import Price, plain
from core.values.orders import Key, Refused

log = logging.getLogger(__name__)

TRIES_MANY = 5
SELDOM_S = 300.0
"""How long to wait after so many tries: whatever a broker refuses for may pass by itself, or a person mends it."""
WAITED_OUT = frozenset({"broker_busy", NO_LIQUIDITY})
"""Reasons of orders that could not be sent or met nobody: it is waited however long that takes."""
EMPTY_S = 1.0
"""How long to wait where nobody is in the book; nothing is sent, and it does not count as a try."""
WORKING_S = 5.0
"""How long to wait where an exit still works, or nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """why: stop, trailing, target or time. level: the price that was crossed."""

    key: Key
    position: PositionId
    why: str
    level: Price | None


class Leaving:
    """trouble: why the last try failed. failing: what many tries did not close: what protects it elsewhere had better
    stand again while it is tried seldom; `on_failed` is told."""

    def __init__(self, desk: Desk, lanes: Lanes) -> None:
        self._desk, self._ledger, self._lanes = desk, desk.ledger, lanes
        self._exiting = Exiting(desk)
        self._tries: dict[PositionId, int] = {}
        self._later = Later(desk.wire)
        self.trouble: dict[PositionId, Refused] = {}
        self.failing: set[PositionId] = set()
        self.on_failed: Callable[[Key], None] = lambda _key: None

    def under_way(self, position: PositionId) -> bool:
        return position in self._tries

    def in_trouble(self, position: PositionId) -> bool:
        """Whether two tries have failed: it will take longer than people should wait for without knowing."""
        empty = position in self.trouble and self.trouble[position].code in NOBODY_THERE
        return empty or self._tries.get(position, 0) >= 2

    def leave(self, position: Position, why: str, level: Price | None = None) -> None:
        """Close a position at market, in its instrument's lane; nothing happens where that is under way."""
        if position.id in self._tries:
            return
        self._tries[position.id] = 0
        self._line_up(WayOut(position.key, position.id, why, level))

    async def resume(self) -> None:
        """At start: what was being left when the desk died is left now."""
        for key, position in list(self._ledger.positions.items()):
            if position.managed and await self._exiting.begun("leave", position.id):
                log.warning("leaving goes on", extra={"position": position.id, "book": key[2]})
                self.leave(position, "resumed")

    async def close(self) -> None:
        await self._later.close()

    def _line_up(self, leaving: WayOut) -> None:
        account, ticker, _ = leaving.key
        self._lanes.add((account, ticker), lambda: self._run(leaving))

    def _again(self, seconds: float, leaving: WayOut) -> None:
        self._later.after(seconds, lambda: self._line_up(leaving))

    async def _run(self, leaving: WayOut) -> None:
        position = self._ledger.position(leaving.key)
        if position is None or position.id != leaving.position:
            self._forget(leaving.position)
            return
        if self._ledger.exits_sent(leaving.key):
            self._again(WORKING_S, leaving)
            return
        empty = self._exiting.empty_book(leaving.key)
        if empty is not None:
            self.trouble[position.id] = empty
            self._again(EMPTY_S, leaving)
            return
        passes = False
        try:
            refused = await self._exiting.exit(await self._way(position, leaving))
        except Transient as error:  # the journal or the broker is away
            refused, passes = Refused("exit_refused", {"ticker": position.ticker, "reason": error.reason}), True
        except POISON as error:  # such as an instrument that is listed no more: people must know, and it is tried again
            reason = str(error) if isinstance(error, DeskError) else type(error).__name__
            refused = Refused("exit_refused", {"ticker": position.ticker, "reason": reason})
        if refused is None:
            self._forget(position.id)
        else:
            self._refused(position, leaving, refused, passes=passes)

    async def _way(self, position: Position, leaving: WayOut) -> Exit:
        """The next try, written to the audit trail."""
        way, number = await self._exiting.next_try(position, leaving.level, "leave", position.id)
        level = "" if leaving.level is None else plain(leaving.level)
        said = {"why": leaving.why, "level": level, "try": str(number), "ticker": position.ticker}
        log.warning("leaving", extra={"position": position.id, **said})
        now = self._desk.clock.now()
        await self._desk.store.save(Audited(now, UserId("desk"), "guardian", "position.leaving", position.id, said))
        crashpoint("prot.leaving")
        return way

    def _refused(self, position: Position, leaving: WayOut, refused: Refused, *, passes: bool) -> None:
        """passes: by itself, so that it is waited for however long that takes."""
        tries = self._tries[position.id] = self._tries[position.id] + 1
        extra = {"position": position.id, "ticker": position.ticker, "why": refused.code, "tries": tries}
        log.error("not left", extra=extra)
        self.trouble[position.id] = refused
        waits = passes or refused.params.get("reason") in WAITED_OUT or refused.code in NOBODY_THERE
        if tries < TRIES_MANY or waits:
            self._again(backoff_s(tries, position.id), leaving)
            return
        self._again(SELDOM_S, leaving)
        if position.id not in self.failing:
            self.failing.add(position.id)
            self.on_failed(leaving.key)

    def _forget(self, position: PositionId) -> None:
        self._tries.pop(position, None)
        self.trouble.pop(position, None)
        self.failing.discard(position)
