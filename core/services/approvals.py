"""Trades that wait for a person's word: proposed on every surface at once, answered once, expired to "no".

The first valid answer wins by one compare-and-set on version and state; everybody else is shown who it was. An
approval is on disk before anything is sent, and what it began is resumed after a crash by its derived order ids.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from core.crashpoints import crashpoint
from core.rules.linking import still_meant
from core.rules.proposing import edited, halved
from core.rules.risk import checklist
from core.services import telling
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.lanes import Lanes
from core.services.naming import Naming
from core.services.trade import Trade, exit_of
from core.values.alerts import AlertKind
from core.values.changes import Audited, Change, NoticeMade, PressOffered, ProposalMade, ProposalMoved
from core.values.errors import Conflict, Transient
from core.values.ids import ActionId, ProposalId, derive_id
from core.values.money import ZERO, Price
from core.values.notices import ANYBODY, Action, Press
from core.values.orders import Cause, CauseKind, OrderRequest, OrderType, Refused
from core.values.people import Person, Role
from core.values.proposals import Answer, Check, Proposal, ProposalState

log = logging.getLogger(__name__)

UNANSWERED = frozenset({ProposalState.OPEN, ProposalState.SNOOZED})
EXECUTED_WITHIN_S = 5.0
"""How long an answer waits to tell the order it led to; the trade goes on regardless."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an alert: a refusal, a proposal, or nothing more to say; `also` is written with it."""

    refused: Refused | None = None
    proposal_id: ProposalId | None = None
    also: tuple[Change, ...] = ()


class Approvals:
    def __init__(self, desk: Desk, execution: Execution, naming: Naming, lanes: Lanes, expiry_s: float) -> None:
        self._desk = desk
        self._execution = execution
        self._naming = naming
        self._lanes = lanes
        self._expiry = timedelta(seconds=expiry_s)
        self._timers: dict[ProposalId, asyncio.Task[None]] = {}

    # proposing

    async def propose(self, trade: Trade) -> Outcome:
        """A proposal for this trade, to be written together with the end of its alert."""
        entry = trade.alert.kind is AlertKind.ENTRY
        priced = await self._execution.priced(trade) if entry else trade
        if isinstance(priced, Refused):
            return Outcome(priced)
        trade = priced
        planned = await self._planned(trade)
        if isinstance(planned, Refused):
            return Outcome(planned)
        request, checks = planned
        now = self._desk.clock.now()
        stop = request.plan.stop if request.plan else None
        target = request.plan.target if request.plan else None
        price = trade.alert.price or request.arrival or Price(ZERO)
        risk = ZERO if stop is None else abs(price - stop) * request.quantity * trade.instrument.point_value
        proposal = Proposal(
            id=ProposalId(derive_id(self._desk.desk_id, "proposal", trade.alert_id)),
            version=1,
            state=ProposalState.OPEN,
            alert=trade.alert_id,
            account=request.account,
            ticker=request.ticker,
            side=request.side,
            type=request.type,
            quantity=request.quantity,
            price=price,
            stop=stop,
            targets=() if target is None else (target,),
            risk=risk,
            created_at=now,
            expires_at=now + self._expiry,
            checks=checks,
            chart_url=trade.alert.chart_url,
            owner=request.owner,
        )
        self._watch(proposal)
        return Outcome(proposal_id=proposal.id, also=(ProposalMade(proposal), *self._card(proposal)))

    async def _planned(self, trade: Trade) -> tuple[OrderRequest, tuple[Check, ...]] | Refused:
        """The order that approving would send, and how it fares against every limit just now."""
        if trade.alert.kind is not AlertKind.ENTRY:
            request = await self._exit_request(trade)
            return request if isinstance(request, Refused) else (request, ())
        entry = await self._execution.planned(trade)
        if isinstance(entry, Refused):
            return entry
        found = checklist(entry, self._desk.limits, await self._desk.situation(entry))
        return entry, tuple(_check(name, no) for name, no in found)

    async def _exit_request(self, trade: Trade) -> OrderRequest | Refused:
        held = self._desk.ledger.held(trade.key)
        if held == 0:
            return Refused("nothing_held", {"ticker": trade.instrument.ticker})
        quote = await self._desk.quote(trade.account.name, trade.instrument.ticker)
        last = quote.last if quote else None
        return self._execution.exiting.request(replace(exit_of(trade), arrival=last), held, 0)

    def _card(self, proposal: Proposal) -> list[Change]:
        """The card of a proposal with its buttons, as it is now."""
        notice = telling.proposal_card(self._desk.desk_id, proposal, self._desk.clock.now())
        if proposal.state not in UNANSWERED:
            return [NoticeMade(notice)]
        commands = {
            "action.approve": f"/approve {proposal.id} {proposal.version}",
            "action.half": f"/approve {proposal.id} {proposal.version} half",
            "action.edit": f"/edit {proposal.id} {proposal.version}",
            "action.reject": f"/reject {proposal.id} {proposal.version}",
        }
        presses = [
            Press(ActionId(secrets.token_hex(8)), ANYBODY, command, proposal.expires_at + self._expiry)
            for command in commands.values()
        ]
        actions = tuple(
            Action(press.id, label, command) for press, (label, command) in zip(presses, commands.items(), strict=True)
        )
        return [NoticeMade(replace(notice, actions=actions)), *map(PressOffered, presses)]

    # answering

    async def answer(
        self,
        proposal_id: ProposalId,
        version: int | None,
        answer: Answer,
        person: Person,
        changes: Mapping[str, str] | None = None,
        reason: str = "",
    ) -> Proposal | Refused:
        """Refused: unknown_id, not_allowed, expired, answered, old_version, bad_change, zero_size.

        version None: the newest. Approving returns once the order is known, or after a few seconds.
        """
        now = self._desk.clock.now()
        proposal = await self._desk.store.proposal(proposal_id)
        refused = self._may_answer(proposal, proposal_id, version, person)
        if refused is not None or proposal is None:
            return refused or Refused("unknown_id", {"id": proposal_id})
        after = self._answered(proposal, answer, changes or {})
        if isinstance(after, Refused):
            return after
        if after.state not in UNANSWERED:
            after = replace(after, answered_by=person.id, surface=person.surface, reason=reason[:500])
        after = replace(after, version=proposal.version + 1)
        audited = Audited(
            now, person.id, person.surface, f"proposal.{answer.value}", proposal_id, {"reason": reason[:500]}
        )
        crashpoint("appr.in")
        try:
            await self._desk.store.save(
                ProposalMoved(after, proposal.version, proposal.state), audited, *self._card(after)
            )
        except Conflict:
            current = await self._desk.store.proposal(proposal_id)
            return Refused("answered", {"by": (current.answered_by if current else None) or "?"})
        crashpoint("appr.committed")
        log.info("proposal answered", extra={"intent_id": proposal.alert, "answer": answer.value, "by": person.id})
        if after.state is ProposalState.APPROVED:
            return await self._execute_soon(after, person.id)
        self._watch(after)
        return after

    def _may_answer(
        self, proposal: Proposal | None, proposal_id: str, version: int | None, person: Person
    ) -> Refused | None:
        if proposal is None or not person.sees(proposal.owner):
            return Refused("unknown_id", {"id": proposal_id})
        if not person.may(Role.APPROVER):
            return Refused("not_allowed", {"role": Role.APPROVER.word})
        if proposal.state is ProposalState.EXPIRED or (
            proposal.state in UNANSWERED and proposal.expires_at <= self._desk.clock.now()
        ):
            return Refused("expired", {"id": proposal_id})
        if proposal.state not in UNANSWERED:
            return Refused("answered", {"by": proposal.answered_by or "?"})
        if version is not None and version != proposal.version:
            return Refused("old_version", {"version": str(proposal.version)})
        return None

    def _answered(self, proposal: Proposal, answer: Answer, changes: Mapping[str, str]) -> Proposal | Refused:
        instrument = self._desk.directory.instrument(proposal.account, proposal.ticker)
        match answer:
            case Answer.APPROVE:
                return replace(proposal, state=ProposalState.APPROVED)
            case Answer.HALF:
                half = halved(proposal, instrument)
                return half if isinstance(half, Refused) else replace(half, state=ProposalState.APPROVED)
            case Answer.MARKET:
                return replace(proposal, state=ProposalState.APPROVED, type=OrderType.MARKET)
            case Answer.EDIT:
                return edited(proposal, changes, instrument)
            case Answer.SNOOZE:
                later = proposal.expires_at + self._expiry
                return replace(proposal, state=ProposalState.SNOOZED, expires_at=later)
            case Answer.REJECT:
                return replace(proposal, state=ProposalState.REJECTED)

    # executing

    async def catch_up(self) -> None:
        """At start: what was approved is done, what waits goes on waiting."""
        for proposal in await self._desk.store.unfinished_proposals():
            if proposal.state is ProposalState.APPROVED:
                self._queue(proposal, proposal.answered_by or "", asyncio.Event())
            else:
                self._watch(proposal)

    async def _execute_soon(self, proposal: Proposal, by: str) -> Proposal:
        done = asyncio.Event()
        self._queue(proposal, by, done)
        timeout = asyncio.ensure_future(self._desk.wire.sleep(EXECUTED_WITHIN_S))
        finished = asyncio.ensure_future(done.wait())
        await asyncio.wait({timeout, finished}, return_when=asyncio.FIRST_COMPLETED)
        timeout.cancel()
        finished.cancel()
        return await self._desk.store.proposal(proposal.id) or proposal

    def _queue(self, proposal: Proposal, by: str, done: asyncio.Event) -> None:
        async def work() -> None:
            try:
                await self._until_executed(proposal, by)
            finally:
                done.set()

        self._lanes.add((proposal.account, proposal.ticker), work)

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
        refused = await self._trade(proposal, by)
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

    async def _trade(self, proposal: Proposal, by: str) -> Refused | None:
        record = await self._desk.store.alert(proposal.alert)
        account = self._desk.directory.account(proposal.account)
        assert record is not None, "a proposal's alert is on disk with it"
        named = self._naming.trade(record)
        if isinstance(account, Refused):
            return account
        if isinstance(named, Refused):
            return named
        instrument = self._desk.directory.instrument(proposal.account, proposal.ticker)
        rule, levels = still_meant(named.rule, proposal, record.alert.levels(proposal.side), instrument)
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
        trade = replace(
            named,
            alert=alert,
            account=account,
            instrument=instrument,
            because=because,
            quantity=proposal.quantity,
            rule=rule,
        )
        too_late = proposal.expires_at <= self._desk.clock.now()  # approved in time, but the desk was down or stuck
        if too_late and await self._execution.give_up(trade):
            return Refused("expired", {"id": proposal.id})
        return await self._execution.run(trade)

    # expiring

    def _watch(self, proposal: Proposal) -> None:
        """Expire it when its time comes, unless it is answered before."""
        timer = self._timers.pop(proposal.id, None)
        if timer is not None:
            timer.cancel()
        if proposal.state in UNANSWERED:
            self._timers[proposal.id] = asyncio.create_task(self._expire(proposal), name=f"expiry {proposal.id}")

    async def _expire(self, proposal: Proposal) -> None:
        left = (proposal.expires_at - self._desk.clock.now()).total_seconds()
        await self._desk.clock.sleep(left)
        self._timers.pop(proposal.id, None)
        expired = replace(proposal, state=ProposalState.EXPIRED, version=proposal.version + 1)
        try:
            await self._desk.store.save(ProposalMoved(expired, proposal.version, proposal.state), *self._card(expired))
        except Conflict:
            log.info("answered at the last moment", extra={"intent_id": proposal.alert})

    async def close(self) -> None:
        """Stop the timers; what waits goes on at the next start."""
        timers = list(self._timers.values())
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)


def _check(name: str, no: Refused | None) -> Check:
    return (
        Check(name, ok=True, text="check.ok")
        if no is None
        else Check(name, ok=False, text=f"refused.{no.code}", params=no.params)
    )
