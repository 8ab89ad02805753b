"""What was approved is done: in its instrument's lane, once, after a crash too, by its derived order ids."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from core.rules.linking import still_meant
from core.rules.targets import told_apart
from core.services import telling
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.lanes import Lanes
from core.services.naming import Naming
from core.services.trade import Trade
from core.values.changes import Change, NoticeMade, ProposalMoved
from core.values.errors import Transient
from core.values.orders import Cause, CauseKind, Refused
from core.values.proposals import Proposal

log = logging.getLogger(__name__)

EXECUTED_WITHIN_S = 5.0
"""How long an answer waits to tell the order it led to; the trade goes on regardless."""


class Approved:
    """card: the changes that show a proposal as it is."""

    def __init__(
        self,
        desk: Desk,
        execution: Execution,
        naming: Naming,
        lanes: Lanes,
        card: Callable[[Proposal], list[Change]],
    ) -> None:
        self._desk = desk
        self._execution = execution
        self._naming = naming
        self._lanes = lanes
        self._card = card

    async def execute_soon(self, proposal: Proposal, by: str) -> Proposal:
        """Begin; the proposal with its orders, or as it is where that takes longer."""
        done = asyncio.Event()
        self.queue(proposal, by, done)
        timeout = asyncio.ensure_future(self._desk.wire.sleep(EXECUTED_WITHIN_S))
        finished = asyncio.ensure_future(done.wait())
        await asyncio.wait({timeout, finished}, return_when=asyncio.FIRST_COMPLETED)
        timeout.cancel()
        finished.cancel()
        return await self._desk.store.proposal(proposal.id) or proposal

    def queue(self, proposal: Proposal, by: str, done: asyncio.Event) -> None:
        async def work() -> None:
            try:
                await self._until_executed(proposal, by)
            finally:
                done.set()

        self._lanes.add((proposal.account, proposal.ticker), work)

    async def trade(self, proposal: Proposal, by: str = "") -> Trade | Refused:
        """What the proposal means, as its alert and link name it now."""
        record = await self._desk.store.alert(proposal.alert)
        account = self._desk.directory.account(proposal.account)
        assert record is not None, "a proposal's alert is on disk with it"
        named = self._naming.trade(record)
        if isinstance(account, Refused):
            return account
        if isinstance(named, Refused):
            return named
        instrument = self._desk.directory.instrument(proposal.account, proposal.ticker)
        own, asked = record.alert.levels(proposal.side), len(record.alert.multiples)
        has_main = own.target is not None or (named.rule is not None and named.rule.target is not None)
        parts, main = told_apart(proposal.targets, asked, has_main=has_main)
        shown = replace(proposal, targets=() if main is None else (main,))
        rule, levels = still_meant(named.rule, shown, own, instrument)
        alert = replace(
            record.alert,
            side=proposal.side,
            order_type=proposal.type,
            price=proposal.price,
            long=levels,
            short=levels,
        )
        because = (
            Cause(CauseKind.ALERT, proposal.alert),
            Cause(CauseKind.PROPOSAL, proposal.id),
            Cause(CauseKind.PERSON, by),
        )
        return replace(
            named,
            alert=alert,
            account=account,
            instrument=instrument,
            because=because,
            quantity=proposal.quantity,
            rule=rule,
            targets=parts,
        )

    async def _until_executed(self, proposal: Proposal, by: str) -> None:
        """A broker or journal that is away makes it wait; what it began is recognised at the next try."""
        while True:
            try:
                await self._execute(proposal, by)
            except Transient as error:
                log.warning("proposal waits", extra={"intent_id": proposal.alert, "reason": error.reason})
                await self._desk.wire.sleep(error.retry_after_s)
            else:
                return

    async def _execute(self, proposal: Proposal, by: str) -> None:
        refused = await self._run(proposal, by)
        orders = await self._desk.store.orders_because(CauseKind.PROPOSAL.value, proposal.id)
        entries = tuple(order.id for order in orders)
        finished = replace(proposal, order_ids=entries, reason=refused.code if refused else proposal.reason)
        changes: list[Change] = [ProposalMoved(finished, proposal.version, proposal.state), *self._card(finished)]
        if refused is not None:
            about = (f"proposal:{proposal.id}", f"intent:{proposal.alert}")
            now = self._desk.clock.now()
            notice = telling.refused_notice(self._desk.desk_id, refused, now, *about, owner=proposal.owner)
            changes.append(NoticeMade(notice))
        await self._desk.store.save(*changes)

    async def _run(self, proposal: Proposal, by: str) -> Refused | None:
        trade = await self.trade(proposal, by)
        if isinstance(trade, Refused):
            return trade
        too_late = proposal.expires_at <= self._desk.clock.now()  # approved in time, but the desk was down or stuck
        if too_late and await self._execution.give_up(trade):
            return Refused("expired", {"id": proposal.id})
        return await self._execution.run(trade)
