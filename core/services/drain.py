"""From the inbox to the desk: each accepted alert is handled once, in the order of its instrument's lane.

The row is the truth and this room's memory only a shortcut: after a crash every row that is not done is handled
again, and what it had begun is recognised by its derived order ids.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta

from core.crashpoints import crashpoint
from core.rules.routing import Approval, Way, way
from core.services import telling
from core.services.approvals import Approvals, Outcome
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.intake import IntakeLimits
from core.services.lanes import Lanes
from core.services.naming import Naming
from core.services.parity import Parity
from core.services.trade import Trade
from core.values.alerts import Alert, AlertKind, AlertRecord, AlertStatus
from core.values.changes import AlertDone, NoticeMade
from core.values.errors import POISON, Conflict, DeskError, Transient
from core.values.ids import AlertId
from core.values.orders import Refused

log = logging.getLogger(__name__)

WAITING_MAX = 1000
"""Alerts held in memory; beyond it they wait in the inbox and are read when the lanes are idle again."""
RETRY_S = 1.0


class Drain:
    def __init__(
        self,
        desk: Desk,
        execution: Execution,
        approvals: Approvals,
        lanes: Lanes,
        limits: IntakeLimits,
        naming: Naming,
        approval: Approval = Approval.AUTO,
    ) -> None:
        self._desk = desk
        self._execution = execution
        self._approvals = approvals
        self._lanes = lanes
        self._limits = limits
        self._naming = naming
        self._approval = approval
        self.parity = Parity(desk, naming)
        self._taken: set[AlertId] = set()
        self._behind = False
        self._reading = False

    async def catch_up(self) -> int:
        """Take every row that waits in the inbox; return how many. Called at start, then when `take` fell behind."""
        self._behind, self._reading = False, True
        try:
            waiting = await self._desk.store.waiting_alerts()
        finally:
            self._reading = False
        for record in waiting:
            self._take(record)
        return len(waiting)

    def take(self, record: AlertRecord) -> None:
        """A fresh alert, straight from the door. Once one had to wait in the inbox, those behind it wait there too."""
        if self._behind or self._reading or len(self._taken) >= WAITING_MAX:
            self._behind = True
            return
        self._take(record)

    def _take(self, record: AlertRecord) -> None:
        if record.id in self._taken:
            return
        self._taken.add(record.id)
        self._lanes.add(self._lane(record), lambda: self._handle(record))

    def _lane(self, record: AlertRecord) -> tuple[str, str]:
        """The guardian works in the same lane, so it is named as the venue names account and ticker, not the chart."""
        trade = self.trade(record)
        if isinstance(trade, Refused):
            return (record.alert.account or "", record.alert.ticker)
        return (trade.account.name, trade.instrument.ticker)

    async def _handle(self, record: AlertRecord) -> None:
        try:
            await self._until_done(record)
        finally:
            self._taken.discard(record.id)
        while self._behind and not self._taken:
            try:
                await self.catch_up()
            except Transient as error:
                self._behind = True
                log.warning("inbox cannot be read", extra={"reason": error.reason})
                await self._desk.wire.sleep(max(RETRY_S, error.retry_after_s))

    async def _until_done(self, record: AlertRecord) -> None:
        crashpoint("in.post_200")
        outcome = None
        while True:
            try:
                outcome = outcome or await self._decide(record)
                await self._finish(record, outcome)
            except Transient as error:
                log.warning("alert waits", extra={"intent_id": record.id, "reason": error.reason})
                await self._desk.wire.sleep(max(RETRY_S, error.retry_after_s))
            except Conflict:
                return  # done before
            except POISON as error:
                if outcome is not None:
                    raise
                log.exception("alert failed", extra={"intent_id": record.id})
                await self._give_up(record)
                outcome = Outcome(Refused("failed", {"reason": type(error).__name__}))
            else:
                return

    async def _give_up(self, record: AlertRecord) -> None:
        trade = self.trade(record)
        with suppress(DeskError):  # what is left on disk as intended expires at the next start
            if not isinstance(trade, Refused):
                await self._execution.give_up(trade)

    async def _decide(self, record: AlertRecord) -> Outcome:
        alert = record.alert
        where = way(alert, self._approval)
        trade = self.trade(record)
        if self._too_old(alert) and (isinstance(trade, Refused) or await self._execution.give_up(trade)):
            return Outcome(Refused("stale", {"ticker": alert.ticker}))
        if where is Way.TELL:
            return Outcome(also=(NoticeMade(telling.alert_told(self._desk.desk_id, record, self._desk.clock.now())),))
        if isinstance(trade, Refused):
            return Outcome(trade)
        if where is Way.ASK:
            return await self._approvals.propose(trade)
        return Outcome(await self._execution.run(trade))

    def trade(self, record: AlertRecord) -> Trade | Refused:
        """What an alert's names mean on this desk now."""
        return self._naming.trade(record)

    def _too_old(self, alert: Alert) -> bool:
        """A backlog after an outage is reported, not traded; exits may be older than entries."""
        if alert.sent_at is None:
            return False
        entry = alert.kind is AlertKind.ENTRY
        age_max = self._limits.alert_age_s_max if entry else self._limits.exit_age_s_max
        return bool(age_max) and self._desk.clock.now() - alert.sent_at > timedelta(seconds=age_max)

    async def _finish(self, record: AlertRecord, outcome: Outcome) -> None:
        now = self._desk.clock.now()
        refused = outcome.refused
        changes = list(outcome.also)
        if outcome.proposal_id is None:
            changes += self.parity.look(record, self.trade(record), refused)
        about = (f"alert:{record.id}", f"intent:{record.id}")
        if refused is not None:
            log.info("alert refused", extra={"intent_id": record.id, "code": refused.code})
            notice = telling.refused_notice(self._desk.desk_id, refused, now, *about, owner=record.alert.owner)
            changes.append(NoticeMade(notice))
        status = AlertStatus.STALE if refused is not None and refused.code == "stale" else AlertStatus.ACCEPTED
        reason = refused.code if refused else ""
        await self._desk.store.save(AlertDone(record.id, status, reason, outcome.proposal_id), *changes)
