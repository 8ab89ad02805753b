"""The promise, measured: for how long each managed position stood without a stop that anybody watches.

Real seconds, also where the market stands still. What the desk itself watches is alone while the desk is down: the
journal is told now and then until when it was there, and at start the gap counts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from core.services import telling
from core.services.desk import Desk
from core.services.guardian import Guardian
from core.services.trailing import Trailing
from core.services.watch import Watch
from core.values.changes import Change, FlagSet, NoticeMade
from core.values.errors import DeskError
from core.values.fills import Position
from core.values.ids import PositionId
from core.values.orders import Key, Refused

log = logging.getLogger(__name__)

LOOK_S = 1.0
SEEN_EVERY = timedelta(seconds=15)
"""Each is a write to the disk, 2 GB a month in all. After a kill so much too much may be counted, never too little."""
SEEN = "positions_watched_until"
ASK_EVERY = timedelta(seconds=2)
"""While a feed is dead, its watched symbols are asked for so often."""


class Monitor:
    """Looks once a second. unprotected_seconds: of all positions since start."""

    def __init__(self, desk: Desk, guardian: Guardian, watch: Watch, trailing: Trailing) -> None:
        self._desk, self._ledger = desk, desk.ledger
        self._guardian, self._watch, self._trailing = guardian, watch, trailing
        self._since: dict[PositionId, datetime] = {}
        self._over_s = 0.0
        self._seen_at: datetime | None = None

    async def begin(self) -> None:
        """At start: what only the desk protects was alone since it was last there, or since its last fill."""
        flag, now = await self._desk.store.flag(SEEN), self._desk.wire.now()
        for key, position in list(self._ledger.positions.items()):
            watched = position.managed and self._guardian.protected_by(position) == "desk"
            if watched and position.unprotected_since is None:
                seen = max(position.updated_at, datetime.fromisoformat(flag)) if flag else position.updated_at
                away = max(0.0, (now - seen).total_seconds())
                self._over_s += away
                await self._mark(key, position, partial(_longer, seconds=away))

    @property
    def unprotected_seconds(self) -> float:
        now = self._desk.wire.now()
        return self._over_s + sum((now - since).total_seconds() for since in self._since.values())

    async def run(self) -> None:
        while True:
            await self._desk.wire.sleep(LOOK_S)
            try:
                await self.look()
            except DeskError as error:  # a journal that cannot be written now; the next second is another
                log.warning("cannot keep the monitor's finding", extra={"reason": str(error)})

    async def look(self) -> None:
        """One look: make good what was left undone, then measure."""
        self._watch.tidy()
        self._guardian.make_good()
        self._trailing.keep()
        self._ask_for_prices()
        managed = {key: position for key, position in self._ledger.positions.items() if position.managed}
        covered = self._guardian.covered(managed.values())
        alone = {key: position for key, position in managed.items() if position.id not in covered}
        for key, position in managed.items():
            await self._measure(key, position, self._naked(position) if key in alone else None)
        self._forget()
        await self._note_presence(any(self._watch.protects(position) for position in alone.values()))

    async def _note_presence(self, watching: bool) -> None:  # noqa: FBT001  -- the only thing it is about
        now = self._desk.wire.now()
        if watching and (self._seen_at is None or abs(now - self._seen_at) >= SEEN_EVERY):
            self._seen_at = now
            await self._desk.store.save(FlagSet(SEEN, now.isoformat()))

    def _ask_for_prices(self) -> None:
        now = self._desk.wire.now()
        for symbol in self._watch.prices.symbols:
            asked = symbol.tried_at
            if not symbol.feed.alive() and (asked is None or abs(now - asked) >= ASK_EVERY):
                self._watch.prices.ask(symbol)

    async def _measure(self, key: Key, position: Position, naked: Refused | None) -> None:
        since = self._since.get(position.id, position.unprotected_since)
        now = self._desk.wire.now()
        if naked is not None and (position.id not in self._since or position.unprotected_since is None):
            begun = self._since.setdefault(position.id, since or now)
            log.error("unprotected", extra={"position": position.id, "ticker": position.ticker, "why": naked.code})
            notice = telling.unprotected(self._desk.desk_id, position, naked, now)
            await self._mark(key, position, lambda p: replace(p, unprotected_since=begun), NoticeMade(notice))
        elif naked is None and since is not None:
            lasted = max(0.0, (now - since).total_seconds())
            notice = telling.protected(self._desk.desk_id, position, lasted, now)
            await self._mark(key, position, partial(_longer, seconds=lasted), NoticeMade(notice))
            self._since.pop(position.id, None)
            self._over_s += lasted
            log.warning("protected again", extra={"position": position.id, "after_s": lasted})

    async def _mark(self, key: Key, position: Position, change: Callable[[Position], Position], *also: Change) -> None:
        await self._ledger.amend(key, lambda now: change(now) if now.id == position.id else now, *also)

    def _naked(self, position: Position) -> Refused | None:
        """Why nothing but the broker could protect it; None where the desk does, or where nobody asked for a stop."""
        plan = self._watch.in_force(position)
        wants = plan.stop is not None or (plan.rule is not None and plan.average is None)
        if not wants or self._watch.protects(position):
            return None
        return self._watch.why_not(position)

    def _forget(self) -> None:
        """Incidents of positions that are gone end with them."""
        held = {position.id for position in self._ledger.positions.values()}
        for gone in self._since.keys() - held:
            self._over_s += (self._desk.wire.now() - self._since.pop(gone)).total_seconds()


def _longer(position: Position, seconds: float) -> Position:
    """After an incident: its seconds are added up."""
    return replace(position, unprotected_since=None, unprotected_s=position.unprotected_s + seconds)
