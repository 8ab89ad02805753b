"""Pictures of what people decide about and what came of it: drawn beside the desk's work, kept for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from core.ports import Painter
from core.rules.charting import Trade, of_proposal, of_trade, telling, views, with_now
from core.services.desk import Desk
from core.services.telling import pictured
from core.values.changes import Change, OrderMoved, PositionSet, ProposalMade, ProposalMoved
from core.values.charts import Chart, Theme
from core.values.errors import DeskError
from core.values.fills import Position
from core.values.ids import AccountName
from core.values.market import Candle
from core.values.orders import Order, OrderRole
from core.values.proposals import Proposal, ProposalState

log = logging.getLogger(__name__)

WAITING_MAX = 20
KEPT = timedelta(days=30)
DAY_S = 86_400.0
_WAITS = frozenset({ProposalState.OPEN, ProposalState.SNOOZED})

Subject = Proposal | tuple[Order, Position]


@dataclass(frozen=True, slots=True)
class Album:
    """Where pictures are kept, by the id of what they show."""

    directory: Path

    def find(self, name: str) -> Path | None:
        path = self._path(name)
        return path if path.is_file() else None

    def keep(self, name: str, png: bytes) -> None:
        """In one piece: whoever looks meanwhile sees the one before, or none. Raises OSError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        fresh = self.directory / f".{name}.part"
        fresh.write_bytes(png)
        fresh.replace(self._path(name))

    def forget(self, before: datetime) -> None:
        """Those that were drawn before then."""
        for path in self.directory.glob("*.png"):
            if path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.png"


class Pictures:
    """show: takes card and PNG. shown: whether anybody sees what `show` takes; proposals are drawn regardless."""

    def __init__(
        self,
        desk: Desk,
        painter: Painter,
        album: Album,
        theme: Theme,
        show: Callable[[str, bytes], None],
        shown: Callable[[], bool],
    ) -> None:
        self._desk = desk
        self._painter = painter
        self._album = album
        self._theme = theme
        self._show = show
        self._shown = shown
        self._waiting: asyncio.Queue[Subject] = asyncio.Queue(WAITING_MAX)
        self._closed = False
        desk.store.listen(self._heard)

    async def run(self) -> None:
        """Draw until cancelled, one after the other, and throw old ones away each day."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._draw(), name="pictures")
            group.create_task(self._tidy(), name="old pictures")

    def close(self) -> None:
        """Hear of nothing any more."""
        self._closed = True

    async def _draw(self) -> None:
        """What cannot be drawn is logged and forgotten."""
        while True:
            subject = await self._waiting.get()
            try:
                await self._make(subject)
            except (DeskError, OSError, KeyError) as error:  # KeyError: what the venue dropped
                log.warning("no picture", extra={"reason": str(error)})

    async def _tidy(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._album.forget, self._desk.wire.now() - KEPT)
            except OSError as error:
                log.warning("old pictures stay", extra={"reason": str(error)})
            await self._desk.wire.sleep(DAY_S)

    def _heard(self, changes: Sequence[Change]) -> None:
        for change in () if self._closed else changes:
            match change:
                case ProposalMade(proposal=proposal) | ProposalMoved(proposal=proposal):
                    if proposal.state in _WAITS:
                        self._want(proposal)
                case OrderMoved(order=order) if pictured(order) and self._shown():
                    position = _position_after(changes, order)
                    if position is not None:
                        self._want((order, position))

    def _want(self, subject: Subject) -> None:
        if self._waiting.full():
            log.warning("too many pictures are wanted: one is left out")
        else:
            self._waiting.put_nowait(subject)

    async def _make(self, subject: Subject) -> None:
        if isinstance(subject, Proposal):
            card, chart = f"proposal:{subject.id}", await self._proposal(subject)
        else:
            card, chart = f"order:{subject[0].id}", await self._trade(*subject)
        if chart is None:
            return
        png = await self._painter.paint(chart)
        await asyncio.to_thread(self._album.keep, card.partition(":")[2], png)
        self._show(card, png)

    async def _proposal(self, proposal: Proposal) -> Chart | None:
        quote = self._desk.venues[proposal.account].feed.quote(proposal.ticker)
        chart = of_proposal(proposal, quote, self._theme)
        return await self._with_bars(chart, proposal.account, proposal.ticker, self._desk.clock.now())

    async def _trade(self, order: Order, position: Position) -> Chart | None:
        account, ticker = position.account, position.ticker
        instrument = self._desk.directory.instrument(account, ticker)
        beside = [o for o in self._desk.ledger.live(account, ticker, position.book) if o.request.role in _PROTECTS]
        chart = of_trade(Trade(order, position, instrument, beside), self._theme)
        return await self._with_bars(chart, account, ticker, position.opened_at)

    async def _with_bars(self, chart: Chart, account: AccountName, ticker: str, since: datetime) -> Chart | None:
        """From before `since` where that is not too long ago; None where there are none. Raises Transient, Rejected."""
        feed, now = self._desk.venues[account].feed, self._desk.clock.now()
        prices = [level.price for level in chart.levels]
        found: Sequence[Candle] = ()
        interval_s = chart.interval_s
        for span, interval_s in views(now - since):
            found = await feed.candles(ticker, now - span, now, interval_s)
            if telling(found, prices):
                break
        bars = with_now(found, interval_s, feed.quote(ticker))
        return replace(chart, bars=bars, interval_s=interval_s) if bars else None


_PROTECTS = frozenset({OrderRole.STOP, OrderRole.TARGET})


def _position_after(changes: Sequence[Change], order: Order) -> Position | None:
    """The position as the fill left it, written in the same transaction."""
    request = order.request
    for change in changes:
        if isinstance(change, PositionSet):
            position = change.position
            if position.key == request.key:
                return position
    return None
