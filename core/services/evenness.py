"""Legs of spreads are to hold each other's weight: people are told where they do not for longer than they should."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal

from core.services.desk import Desk
from core.services.ledger import Key
from core.services.pairs import Pairs, spread_params
from core.values.changes import NoticeMade
from core.values.errors import DeskError
from core.values.ids import NoticeId, SpreadId, derive_id
from core.values.money import ZERO, plain
from core.values.notices import Notice, NoticeKind
from core.values.orders import Refused
from core.values.spreads import SpreadRow, spread_of

log = logging.getLogger(__name__)


class Evenness:
    """within_s: how long a difference may last, in real time, whoever made it: a job, or a trade by hand."""

    def __init__(self, desk: Desk, pairs: Pairs, within_s: float) -> None:
        self._desk = desk
        self._pairs = pairs
        self._within_s = within_s
        self._checks: dict[SpreadId, asyncio.Task[None]] = {}
        self._alarmed: set[SpreadId] = set()

    def begin(self) -> None:
        """Look at all there is, and from now on at what changes."""
        self._desk.ledger.listeners.append(self._changed)
        for key in list(self._desk.ledger.positions):
            self._changed(key)

    async def close(self) -> None:
        for check in self._checks.values():
            check.cancel()
        await asyncio.gather(*self._checks.values(), return_exceptions=True)

    def _changed(self, key: Key) -> None:
        spread = spread_of(key[2])
        if spread is not None and spread not in self._checks:
            self._checks[spread] = check = asyncio.create_task(self._check(spread), name=f"evenness {spread}")
            check.add_done_callback(lambda _: self._checks.pop(spread, None))

    async def _check(self, spread: SpreadId) -> None:
        try:
            row = await self._desk.store.spread(spread)
            if row is None or (not self._gap(row) and spread not in self._alarmed):
                return
            await self._desk.wire.sleep(self._within_s)
            gap = self._gap(row)
            if bool(gap) is not (spread in self._alarmed):
                self._alarmed.symmetric_difference_update({spread})
                await self._desk.store.save(NoticeMade(self._notice(row, gap)))
        except DeskError as error:
            log.critical("evenness not told", extra={"spread": spread, "reason": str(error)})

    def _gap(self, row: SpreadRow) -> Decimal:
        """Signed near pieces too many; 0 below a step of the near leg."""
        legs = self._pairs.legs(row)
        if isinstance(legs, Refused):
            return ZERO
        far, near = (self._desk.ledger.held((row.account, ticker, row.book)) for ticker in (row.far, row.near))
        gap = far * row.ratio + near
        return gap if abs(gap) >= legs[1].step else ZERO

    def _notice(self, row: SpreadRow, gap: Decimal) -> Notice:
        now = self._desk.wire.now()
        return Notice(
            id=NoticeId(derive_id(self._desk.desk_id, "notice", "spread.uneven", row.id, now.isoformat())),
            at=self._desk.clock.now(),
            kind=NoticeKind.ERROR if gap else NoticeKind.INFO,
            key="spread.uneven" if gap else "spread.even",
            params={**spread_params(row), "gap": plain(gap), "seconds": f"{self._within_s:.0f}"},
            about=(f"spread:{row.id}",),
            critical=bool(gap),
            owner=row.owner,
        )
