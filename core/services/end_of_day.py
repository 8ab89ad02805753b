"""The end of the day: winners stay overnight, what is not in profit is closed in time, and a report says which
(behaviour.md 5.7). Only managed positions are judged; those of people and of spreads are theirs.

The report is written before anything is closed: a kill in between finds it again at the next start and closes what it
says, and no position is judged twice. Positions whose moment comes later than that of others get a report of their own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from core.rules.closing import Closing, EndRule, closing, keeps
from core.services import telling
from core.services.desk import Desk
from core.services.exiting import Exiting
from core.services.lanes import Lanes
from core.services.later import woken
from core.values.changes import Audited, NoticeMade, ReportMade
from core.values.errors import DeskError
from core.values.fills import Position
from core.values.ids import OWNER, AccountName, PositionId, ReportId, derive_id
from core.values.market import Session
from core.values.orders import Key, ProtectionClass, Refused, protection_class
from core.values.reports import END_OF_DAY, Judged, Report

log = logging.getLogger(__name__)

LOOK_S = 3600.0
AROUND = timedelta(days=5)
"""How much of the schedule is asked for on both sides of now: over the longest holidays."""
KNOWN_FOR = timedelta(hours=6)
JUDGED_ONCE = timedelta(hours=12)
AGAIN = timedelta(seconds=15)
"""What should be closed and could not is tried anew so often, as long as there is trading."""
LANE = ("end of day", "")


class EndOfDay:
    """accounts: names; empty = all."""

    def __init__(
        self, desk: Desk, exiting: Exiting, lanes: Lanes, rule: EndRule, accounts: Collection[str] = ()
    ) -> None:
        self._desk = desk
        self._exiting = exiting
        self._lanes = lanes
        self._rule = rule
        self._accounts = frozenset(accounts)
        self._schedules: dict[tuple[AccountName, str], tuple[datetime, Sequence[Session]]] = {}
        self._changed = asyncio.Event()
        self._next: datetime | None = None

    async def run(self) -> None:
        """Until cancelled: look at start, at each due moment, and when positions came or went."""
        self._desk.ledger.listeners.append(self._hear)
        while True:
            self._changed.clear()
            self._lanes.add(LANE, self.look, once=LANE)
            await self._looked()
            await self._until_due()

    def _hear(self, key: Key) -> None:
        position = self._desk.ledger.position(key)
        if position is None or position.opened_at == position.updated_at:
            self._changed.set()

    async def _looked(self) -> None:
        done = asyncio.Event()

        async def mark() -> None:
            done.set()

        self._lanes.add(LANE, mark)
        await done.wait()

    async def _until_due(self) -> None:
        now = self._desk.clock.now()
        left_s = LOOK_S if self._next is None else min(LOOK_S, (self._next - now).total_seconds())
        await woken(self._changed, self._desk.clock, max(left_s, 0.001))

    async def look(self) -> None:
        """Judge every position whose moment has come. Raises nothing: what cannot be asked now is asked again soon."""
        now = self._desk.clock.now()
        ends: dict[tuple[AccountName, datetime, bool], list[Position]] = {}
        self._next = None
        for position in list(self._desk.ledger.positions.values()):
            try:
                found = await self._closing(position, now)
            except DeskError as error:
                log.warning("no schedule", extra={"ticker": position.ticker, "reason": str(error)})
                self._sooner(now + timedelta(seconds=10))
                continue
            if found is None:
                continue
            if now < found.due:
                self._sooner(found.due)
            elif position.opened_at < found.due:
                ends.setdefault((position.account, found.due, now >= found.ends), []).append(position)
        for (account, due, missed), positions in ends.items():
            try:
                await self._end(account, due, positions, missed=missed)
            except DeskError as error:
                log.warning("the day cannot be ended yet", extra={"account": account, "reason": str(error)})
                self._sooner(now + timedelta(seconds=1))

    def _sooner(self, moment: datetime) -> None:
        self._next = moment if self._next is None else min(self._next, moment)

    async def _closing(self, position: Position, now: datetime) -> Closing | None:
        if protection_class(position.book) is not ProtectionClass.MANAGED:
            return None
        if self._accounts and position.account not in self._accounts:
            return None
        key = (position.account, position.ticker)
        known = self._schedules.get(key)
        if known is None or not timedelta(0) <= now - known[0] < KNOWN_FOR:
            instrument = self._desk.directory.find(*key)
            if isinstance(instrument, Refused):
                return None
            broker = self._desk.venues[position.account].broker
            known = self._schedules[key] = (now, await broker.schedule(instrument, now - AROUND, now + AROUND))
        return closing(known[1], now, known[0] + AROUND, self._rule)

    async def _end(self, account: AccountName, due: datetime, positions: Sequence[Position], *, missed: bool) -> None:
        """Write down what was not judged before, and close what is not kept. missed: it is too late to close any."""
        desk, now = self._desk, self._desk.clock.now()
        kept = await self._judged_lately(account, due)
        judged = [await self._judge(position, missed=missed) for position in positions if position.id not in kept]
        if judged:
            ids = sorted(each.position_id for each in judged)
            report_id = ReportId(derive_id(desk.desk_id, "report", END_OF_DAY, account, due.isoformat(), *ids))
            owner = desk.venues[account].account.owner
            report = Report(report_id, END_OF_DAY, due, account, tuple(judged), missed, owner)
            told = telling.day_ended(desk.desk_id, report, now)
            trail = Audited(now, OWNER, "desk", "day.ended", report_id, {"account": account})
            await desk.store.save(ReportMade(report), NoticeMade(told), trail)
        if not missed:
            kept |= {each.position_id: each.kept for each in judged}
            dropped = [position for position in positions if not kept[position.id]]
            self._close(due, dropped)
            if dropped:
                self._sooner(now + AGAIN)

    async def _judged_lately(self, account: AccountName, due: datetime) -> dict[PositionId, bool]:
        """What was judged at this end of the day, or at one that the schedule named before: whether it is kept."""
        recent = (await self._desk.store.reports(1000)).items
        return {
            judged.position_id: judged.kept
            for report in recent
            if report.account == account and abs(report.at - due) < JUDGED_ONCE
            for judged in report.positions
        }

    async def _judge(self, position: Position, *, missed: bool) -> Judged:
        quote = await self._desk.quote(position.account, position.ticker)
        last = quote.last if quote else None
        instrument = self._desk.directory.instrument(position.account, position.ticker)
        return Judged(
            position.id,
            position.ticker,
            position.average_price,
            last,
            missed or keeps(position.quantity, position.average_price, last),
            instrument.expires_at,
            instrument.strike,
        )

    def _close(self, due: datetime, positions: Sequence[Position]) -> None:
        for position in positions:

            async def close(position: Position = position) -> None:
                held = self._desk.ledger.position(position.key)
                if held is None or held.id != position.id:
                    return
                way, _ = await self._exiting.next_try(held, None, "day", due.isoformat(), position.id)
                refused = await self._exiting.exit(way)
                if refused is not None:
                    await self._tell_refused(refused, position)

            self._lanes.add((position.account, position.ticker), close)

    async def _tell_refused(self, refused: Refused, position: Position) -> None:
        about = (f"position:{position.id}",)
        notice = telling.refused_notice(
            self._desk.desk_id, refused, self._desk.clock.now(), *about, owner=position.owner
        )
        with suppress(DeskError):
            await self._desk.store.save(NoticeMade(notice))
