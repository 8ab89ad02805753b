"""Asking a broker: what became of an order whose outcome nobody knows, and what was executed meanwhile."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from core.services import telling
from core.services.desk import Desk, Venue
from core.services.guardian import PROTECTIVE
from core.values.capabilities import Capabilities, Idempotency
from core.values.changes import FlagSet, NoticeMade
from core.values.errors import Transient
from core.values.ids import AccountName, AlertId
from core.values.orders import CauseKind, Order, OrderState, Purpose
from core.values.proposals import ProposalState

log = logging.getLogger(__name__)

ASK_AFTER_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
ENTRY_AGE_MAX = timedelta(seconds=60)
"""An entry that never arrived is sent again only as long as the market it was meant for is likely still there."""
FILLS_LATE_S = 1.0
FILLS_OVERLAP = timedelta(minutes=10)
FILLS_AT_FIRST = timedelta(days=1)


class Asking:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._tasks: dict[str, asyncio.Task[None]] = {}
        desk.on_unknown = self.ask_about
        desk.ledger.on_awaited = self.fetch_fills

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def ask_about(self, order: Order) -> None:
        """Begin to ask the broker what became of an order."""
        if order.id not in self._tasks:
            task = asyncio.create_task(self._ask(order), name=f"ask {order.id}")
            self._tasks[order.id] = task
            task.add_done_callback(lambda _task: self._tasks.pop(order.id, None))

    async def _ask(self, order: Order) -> None:
        """Until the broker has told it, or has said often enough that it does not know it."""
        broker = self._desk.venues[order.request.account].broker
        asked = 0
        while True:
            await self._desk.wire.sleep(ASK_AFTER_S[asked])
            current = self._ledger.orders.get(order.id)
            if current is None or not current.state.in_doubt:
                break
            try:
                ticket = await broker.find(current)
                asked += 1
                if ticket is not None:
                    await self._ledger.absorb(order.request.account, ticket)
                    asked = 0
                elif asked == len(ASK_AFTER_S):
                    if not await self.not_there(current):
                        return
                    asked = 0
            except Transient as error:
                log.warning("cannot ask", extra={"order_id": order.id, "reason": error.reason})
                asked = 0
                await self._desk.wire.sleep(error.retry_after_s)
        if current is not None:
            await self._desk.found(current)

    def fetch_fills(self, order: Order) -> None:
        """A ticket ran ahead of its fills: when the stream has not told them in a second, ask."""
        key = f"fills:{order.request.account}"
        if key not in self._tasks:
            task = asyncio.create_task(self._fetch(order), name=key)
            self._tasks[key] = task
            task.add_done_callback(lambda _task: self._tasks.pop(key, None))

    async def _fetch(self, order: Order) -> None:
        venue = self._desk.venues[order.request.account]
        while self._awaits_fills(venue.account.name):
            await self._desk.wire.sleep(FILLS_LATE_S)
            if self._awaits_fills(venue.account.name):
                try:
                    await self.catch_up_fills(venue)
                except Transient as error:
                    log.warning("cannot fetch fills", extra={"order_id": order.id, "reason": error.reason})

    def _awaits_fills(self, account: AccountName) -> bool:
        return any(map(self._ledger.awaits, self._ledger.live(account)))

    async def not_there(self, order: Order) -> bool:
        """The broker says that it does not know it. What may be sent again depends on what its ids mean; True: it was.

        A protective order that only reduces may be given up anywhere: the guardian makes another, and should the first
        one still come, both together close no more than the position.
        """
        if order.state is OrderState.SENT:
            order = await self._ledger.move(replace(order, state=OrderState.UNKNOWN, reason="outcome_unknown"))
        abilities = self.abilities(order)
        if abilities.idempotency is not Idempotency.ALWAYS:
            notice = telling.order_trouble(self._desk.desk_id, "order.unknown", order, self._desk.clock.now())
            await self._desk.store.save(NoticeMade(notice))
            if not (order.request.role in PROTECTIVE and abilities.reduce_only):
                self._desk.denied(order)
                return False
        elif not self._desk.unwanted(order.id) and await self._still_meant(order):
            await self._desk.resend(order)
            return True
        await self._ledger.move(replace(order, state=OrderState.EXPIRED, reason="never_arrived"))
        return False

    async def _still_meant(self, order: Order) -> bool:
        """Exits always are; an entry as long as it is fresh; an order by hand only while its routine goes on."""
        if order.request.purpose is Purpose.ENTRY:
            return self._desk.clock.now() - order.at <= ENTRY_AGE_MAX
        return order.request.purpose is not Purpose.WORKING or await self.resumes(order)

    def abilities(self, order: Order) -> Capabilities:
        return self._desk.venues[order.request.account].broker.capabilities

    async def catch_up_fills(self, venue: Venue) -> None:
        """Take in whatever the broker executed since it was last asked, and a little before."""
        key = f"fills_asked:{venue.account.name}"
        now = self._desk.clock.now()
        kept = await self._desk.store.flag(key)
        asked_at = datetime.fromisoformat(kept) if kept else None
        since = asked_at - FILLS_OVERLAP if asked_at else now - FILLS_AT_FIRST
        for fill in await venue.broker.fills_since(since):
            await self._ledger.absorb(venue.account.name, replace(fill, owner=venue.account.owner))
        if asked_at is None or now - asked_at > FILLS_OVERLAP / 2:  # asked each half minute, and disks wear out
            await self._desk.store.save(FlagSet(key, now.isoformat()))

    async def resumes(self, order: Order) -> bool:
        """Whether the alert or approval that decided on this order is still to be handled: then it is sent there."""
        causes = {cause.kind: cause.id for cause in order.request.because}
        if CauseKind.PROPOSAL in causes:
            waiting = await self._desk.store.unfinished_proposals()
            return any(p.id == causes[CauseKind.PROPOSAL] and p.state is ProposalState.APPROVED for p in waiting)
        if CauseKind.ALERT in causes:
            record = await self._desk.store.alert(AlertId(causes[CauseKind.ALERT]))
            return record is not None and not record.done
        return False
