"""Legs of spreads are to hold each other's weight: people are told where they do not for longer than they should."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal

from core.services.desk import Desk
from core.services.pairs import Pairs, spread_params
from core.values.changes import NoticeMade
from core.values.errors import DeskError
from core.values.ids import NoticeId, SpreadId, derive_id
from core.values.money import ZERO, plain
from core.values.notices import Notice, NoticeKind
from core.values.orders import Key, Refused
from core.values.spreads import SpreadRow, spread_of

log = logging.getLogger(__name__)


class Evenness:
    """within_s: how long a difference may last, in real time, whoever made it: a job, or a trade by hand."""

    def __init__(self, desk: Desk, pairs: Pairs, within_s: float) -> None:
        self._desk = desk
        self._pairs = pairs
        self._within_s = within_s
        self._checks: dict[SpreadId, asyncio.Task[None]] = {}
        self._rows: dict[SpreadId, SpreadRow] = {}
        self._alarmed: set[SpreadId] = set()

    def begin(self) -> None:
        """Look at all there is, and from now on at what changes."""
        self._desk.ledger.listeners.append(self._changed)
        for key in list(self._desk.ledger.positions):
            self._changed(key)

    async def close(self) -> None:
        checks = list(self._checks.values())
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)

    def _changed(self, key: Key) -> None:
        """A check runs as long as what is so is not what was told; one that is needless is called off."""
        spread = spread_of(key[2])
        if spread is None:
            return
        row, running = self._rows.get(spread), self._checks.get(spread)
        due = row is None or bool(self._gap(row)) is not (spread in self._alarmed)
        if due and running is None:
            self._checks[spread] = asyncio.create_task(self._check(spread), name=f"evenness {spread}")
        elif running is not None and not due:
            self._checks.pop(spread).cancel()

    async def _check(self, spread: SpreadId) -> None:
        try:
            row = await self._desk.store.spread(spread)
            if row is not None:
                self._rows[spread] = row
                await self._told(row)
        except DeskError as error:
            log.critical("evenness not told", extra={"spread": spread, "reason": str(error)})
        finally:
            if self._checks.get(spread) is asyncio.current_task():
                del self._checks[spread]

    async def _told(self, row: SpreadRow) -> None:
        """Say what is so, once it has been so for long enough."""
        if bool(self._gap(row)) is not (row.id in self._alarmed):
            await self._desk.wire.sleep(self._within_s)
            self._alarmed.symmetric_difference_update({row.id})
            await self._desk.store.save(NoticeMade(self._notice(row, self._gap(row))))

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
