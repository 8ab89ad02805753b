"""Trades that wait for a person's word: proposed on every surface at once, answered once, expired to "no".

The first valid answer wins by one compare-and-set on version and state; everybody else is shown who it was. An
approval is on disk before anything is sent (what follows is in `approved`; what is asked, in `proposing`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from core.crashpoints import crashpoint
from core.rules.proposing import difference, edited, halved
from core.services.approved import Approved
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.lanes import Lanes
from core.services.naming import Naming
from core.services.proposal_cards import BUTTONS, proposal_card
from core.services.proposing import Proposing
from core.services.trade import Trade
from core.values.changes import Audited, Change, NoticeMade, PressOffered, ProposalMade, ProposalMoved
from core.values.errors import Conflict, Transient
from core.values.ids import ActionId, ProposalId, UserId
from core.values.money import ZERO
from core.values.notices import ANYBODY, Action, Press
from core.values.orders import OrderType, Refused
from core.values.people import Person, Role
from core.values.proposals import APPROVING, Answer, Proposal, ProposalState

log = logging.getLogger(__name__)

REASON_MAX = 500
TRIES_MAX = 5
PRESSED_IN_VAIN = frozenset({"price_moved", "second_person", "zero_size"})
"""Noes that leave the proposal open: its buttons, each good for one press, are offered anew."""


@dataclass(frozen=True, slots=True)
class Rules:
    """two_person_above: money; entries worth more need two persons. 0 = off."""

    expiry_s: float = 300
    drift_percent_max: Decimal = ZERO
    two_person_above: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an alert: a refusal, a proposal, or nothing more to say; `also` is written with it."""

    refused: Refused | None = None
    proposal_id: ProposalId | None = None
    also: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A person's word. accepted: the price they take, or True for any; None: what was shown."""

    answer: Answer
    person: Person
    changes: Mapping[str, str]
    reason: str
    accepted: Decimal | bool | None


class Approvals:
    def __init__(self, desk: Desk, execution: Execution, naming: Naming, lanes: Lanes, rules: Rules) -> None:
        self._desk = desk
        self._expiry = timedelta(seconds=rules.expiry_s)
        self._two_above = rules.two_person_above
        self._proposing = Proposing(desk, execution, self._expiry, rules.drift_percent_max)
        self._approved = Approved(desk, execution, naming, lanes, self._card)
        self._timers: dict[ProposalId, asyncio.Task[None]] = {}

    async def propose(self, trade: Trade) -> Outcome:
        """A proposal for this trade, to be written together with the end of its alert."""
        proposal = await self._proposing.proposal(trade)
        if isinstance(proposal, Refused):
            return Outcome(proposal)
        self._watch(proposal)
        return Outcome(proposal_id=proposal.id, also=(ProposalMade(proposal), *self._card(proposal)))

    def _card(self, proposal: Proposal) -> list[Change]:
        """The card of a proposal with its buttons, as it is now."""
        notice = proposal_card(self._desk.desk_id, proposal, self._desk.clock.now(), self._two_above)
        if not proposal.waits:
            return [NoticeMade(notice)]
        expires = proposal.expires_at + self._expiry
        actions, presses = [], []
        for label, command in BUTTONS.items():
            action = ActionId(secrets.token_hex(8))
            line = command.format(id=proposal.id, version=proposal.version)
            actions.append(Action(action, label, line))
            presses.append(PressOffered(Press(action, ANYBODY, line, expires)))
        return [NoticeMade(replace(notice, actions=tuple(actions))), *presses]

    # answering

    async def answer(
        self,
        proposal_id: ProposalId,
        version: int | None,
        answer: Answer,
        person: Person,
        changes: Mapping[str, str] | None = None,
        reason: str = "",
        *,
        accepted: Decimal | bool | None = None,
    ) -> Proposal | Refused:
        """Refused: unknown_id, not_allowed, expired, answered, old_version, bad_change, zero_size, price_moved,
        second_person, or what a trade is refused for.

        version None: the newest. Approving returns once the order is known, or after a few seconds; where a second
        person is needed, with the proposal as open as it was and `first_by` set.
        """
        said = Said(answer, person, changes or {}, reason[:REASON_MAX], accepted)
        for _ in range(TRIES_MAX):  # a first approval that came meanwhile changes nothing of what is meant
            proposal = await self._desk.store.proposal(proposal_id)
            refused = self._may_answer(proposal, proposal_id, version, person)
            if refused is not None or proposal is None:
                return refused or Refused("unknown_id", {"id": proposal_id})
            try:
                return await self._answer(proposal, said)
            except Conflict:
                continue
        return Refused("old_version", {"version": "?"})

    async def _answer(self, proposal: Proposal, said: Said) -> Proposal | Refused:
        after = await self._after(proposal, said)
        if isinstance(after, Refused):
            if after.code in PRESSED_IN_VAIN:
                await self._offer_again(proposal)
            return after
        person, now = said.person, self._desk.clock.now()
        if not after.waits:
            after = replace(after, answered_by=person.id, surface=person.surface, reason=said.reason)
        first = "first_" if after.waits and said.answer in APPROVING else ""
        audited = Audited(
            now, person.id, person.surface, f"proposal.{first}{said.answer.value}", proposal.id, {"reason": said.reason}
        )
        crashpoint("appr.in")
        await self._desk.store.save(ProposalMoved(after, proposal.version, proposal.state), audited, *self._card(after))
        crashpoint("appr.committed")
        log.info(
            "proposal answered",
            extra={"intent_id": proposal.alert, "answer": first + said.answer.value, "by": person.id},
        )
        if after.state is ProposalState.APPROVED:
            return await self._approved.execute_soon(after, person.id)
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
            proposal.waits and proposal.expires_at <= self._desk.clock.now()
        ):
            return Refused("expired", {"id": proposal_id})
        if not proposal.waits:
            return Refused("answered", {"by": proposal.answered_by or "?"})
        if version is not None and not proposal.since <= version <= proposal.version:
            return Refused("old_version", {"version": str(proposal.version)})
        return None

    async def _after(self, proposal: Proposal, said: Said) -> Proposal | Refused:
        """The proposal as this answer makes it."""
        version = proposal.version + 1
        match said.answer:
            case Answer.EDIT:
                after = await self._edited(proposal, said.changes)
            case Answer.SNOOZE:
                later = proposal.expires_at + self._expiry
                after = replace(proposal, state=ProposalState.SNOOZED, expires_at=later)
            case Answer.REJECT:
                after = replace(proposal, state=ProposalState.REJECTED)
            case _:
                return await self._approve(proposal, said, version)
        return after if isinstance(after, Refused) else replace(after, version=version, since=version)

    async def _edited(self, proposal: Proposal, changes: Mapping[str, str]) -> Proposal | Refused:
        """Another trade: judged anew, and nobody has approved it yet."""
        instrument = self._desk.directory.instrument(proposal.account, proposal.ticker)
        after = edited(proposal, changes, instrument)
        if isinstance(after, Refused):
            return after
        trade = await self._approved.trade(after)
        if isinstance(trade, Refused):
            return trade
        renewed = await self._proposing.renewed(after, trade)
        if isinstance(renewed, Refused):
            return renewed
        return replace(renewed, changed=difference(proposal, after), first_by=None)

    async def _approve(self, proposal: Proposal, said: Said, version: int) -> Proposal | Refused:
        """Approved, or approved by the first of two; `since` stays where that changed nothing of the trade."""
        meant = self._meant(proposal, said.answer)
        if isinstance(meant, Refused):
            return meant
        if said.accepted is not True:
            moved = await self._proposing.moved(meant, said.accepted or None)
            if moved is not None:
                return moved
        if not self._needs_two(meant):
            return replace(meant, state=ProposalState.APPROVED, version=version)
        by = said.person.id
        if meant != proposal or proposal.first_by is None:
            since = proposal.since if meant == proposal else version
            return replace(meant, first_by=by, version=version, since=since)
        if proposal.first_by == by:
            return Refused("second_person", {"by": by})
        return replace(meant, state=ProposalState.APPROVED, version=version)

    def _meant(self, proposal: Proposal, answer: Answer) -> Proposal | Refused:
        if answer is Answer.HALF:
            return halved(proposal, self._desk.directory.instrument(proposal.account, proposal.ticker))
        return replace(proposal, type=OrderType.MARKET) if answer is Answer.MARKET else proposal

    def _needs_two(self, proposal: Proposal) -> bool:
        if not self._two_above or not proposal.enters:
            return False
        instrument = self._desk.directory.instrument(proposal.account, proposal.ticker)
        return instrument.notional(proposal.price, proposal.quantity) > self._two_above

    async def _offer_again(self, proposal: Proposal) -> None:
        market = await self._proposing.market(proposal)
        shown = replace(proposal, quoted=replace(proposal.quoted, market=market or proposal.quoted.market))
        await self._desk.store.save(*self._card(shown))

    async def explain(self, proposal_id: ProposalId, reason: str, person: Person) -> Proposal | Refused:
        """Why they rejected it, said afterwards by whoever did. Refused: unknown_id, not_allowed."""
        proposal = await self._desk.store.proposal(proposal_id)
        if proposal is None or not person.sees(proposal.owner):
            return Refused("unknown_id", {"id": proposal_id})
        if proposal.state is not ProposalState.REJECTED or proposal.answered_by != person.id:
            return Refused("answered", {"by": proposal.answered_by or "?"})
        after = replace(proposal, version=proposal.version + 1, reason=reason[:REASON_MAX])
        now = self._desk.clock.now()
        audited = Audited(now, person.id, person.surface, "proposal.reason", proposal_id, {"reason": after.reason})
        try:
            await self._desk.store.save(
                ProposalMoved(after, proposal.version, proposal.state), audited, *self._card(after)
            )
        except Conflict:
            return Refused("answered", {"by": UserId(person.id)})
        return after

    # going on

    async def catch_up(self) -> None:
        """At start: what was approved is done, what waits goes on waiting."""
        for proposal in await self._desk.store.unfinished_proposals():
            if proposal.state is ProposalState.APPROVED:
                self._approved.queue(proposal, proposal.answered_by or "", asyncio.Event())
            else:
                self._watch(proposal)

    def _watch(self, proposal: Proposal) -> None:
        """Expire it when its time comes, unless it is answered before."""
        timer = self._timers.pop(proposal.id, None)
        if timer is not None:
            timer.cancel()
        if proposal.waits:
            self._timers[proposal.id] = asyncio.create_task(self._expire(proposal), name=f"expiry {proposal.id}")

    async def _expire(self, proposal: Proposal) -> None:
        left = (proposal.expires_at - self._desk.clock.now()).total_seconds()
        await self._desk.clock.sleep(left)
        expired = replace(proposal, state=ProposalState.EXPIRED, version=proposal.version + 1)
        change = ProposalMoved(expired, proposal.version, proposal.state)
        try:
            await self._saved(change, *self._card(expired))
        except Conflict:
            log.info("answered at the last moment", extra={"intent_id": proposal.alert})
        self._timers.pop(proposal.id, None)

    async def _saved(self, *changes: Change) -> None:
        """Once the journal takes it: nobody else would come back to it before the next start."""
        while True:
            try:
                await self._desk.store.save(*changes)
            except Transient as error:
                await self._desk.wire.sleep(error.retry_after_s)
            else:
                return

    async def close(self) -> None:
        """Stop the timers; what waits goes on at the next start."""
        timers = list(self._timers.values())
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)
