"""What a person is asked: the order that a yes would send, how it fares against the limits, and what it leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from core.rules.risk import Situation, checklist, reduces
from core.rules.targets import prices_of
from core.services.desk import Desk
from core.services.execution import Execution
from core.services.trade import Trade, exit_of
from core.values.alerts import AlertKind
from core.values.ids import ProposalId, derive_id
from core.values.money import ZERO, Price, plain
from core.values.orders import OrderRequest, Refused, Side
from core.values.proposals import Check, Proposal, ProposalState, Quoted


class Proposing:
    """expiry: how long a person has. drift_percent_max: how far the market may go from what was shown; 0 = off."""

    def __init__(self, desk: Desk, execution: Execution, expiry: timedelta, drift_percent_max: Decimal) -> None:
        self._desk = desk
        self._execution = execution
        self._expiry = expiry
        self._drift_max = drift_percent_max

    async def proposal(self, trade: Trade) -> Proposal | Refused:
        """The first version."""
        entry = trade.alert.kind is AlertKind.ENTRY
        priced = await self._execution.priced(trade) if entry else trade
        if isinstance(priced, Refused):
            return priced
        request = await self._planned(priced)
        if isinstance(request, Refused):
            return request
        alert, plan, now = priced.alert, request.plan, self._desk.clock.now()
        stop = plan.stop if plan else None
        price = alert.price or request.arrival or Price(ZERO)
        risk = ZERO if stop is None else abs(price - stop) * request.quantity * priced.instrument.point_value
        checks, quoted = await self._judged(request, enters=entry)
        return Proposal(
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
            targets=prices_of(plan) if plan else (),
            risk=risk,
            created_at=now,
            expires_at=now + self._expiry,
            checks=checks,
            chart_url=alert.chart_url,
            quoted=quoted,
            alerted_at=alert.sent_at or alert.received_at,
            owner=request.owner,
        )

    async def renewed(self, proposal: Proposal, trade: Trade) -> Proposal | Refused:
        """Held against the limits and the market of now. trade: what the proposal means."""
        if not proposal.enters:
            return proposal
        priced = await self._execution.priced(trade)
        request = priced if isinstance(priced, Refused) else await self._execution.planned(priced)
        if isinstance(request, Refused):
            return request
        checks, quoted = await self._judged(request, enters=True)
        return replace(proposal, checks=checks, quoted=quoted)

    async def moved(self, proposal: Proposal, accepted: Decimal | None) -> Refused | None:
        """Refused price_moved where the market has gone too far from the price that was shown, or lies too far on the
        wrong side of the one that a person accepts. Exits are not held up."""
        market = await self.market(proposal) if proposal.enters and self._drift_max else None
        seen = accepted or proposal.quoted.market or proposal.price
        if market is None or not seen:
            return None  # without a price the risk gate refuses
        away = (market - seen) / seen * 100
        if (away * proposal.side.sign if accepted else abs(away)) <= self._drift_max:
            return None
        figures = {"price": plain(market), "was": plain(seen), "percent": plain(round(abs(away), 2))}
        return Refused("price_moved", {"ticker": proposal.ticker, **figures})

    async def market(self, proposal: Proposal) -> Price | None:
        """What the book asks of this side now."""
        quote = await self._desk.quote(proposal.account, proposal.ticker)
        if quote is None:
            return None
        return (quote.ask if proposal.side is Side.BUY else quote.bid) or quote.last

    async def _planned(self, trade: Trade) -> OrderRequest | Refused:
        """The order that approving would send."""
        if trade.alert.kind is AlertKind.ENTRY:
            return await self._execution.planned(trade)
        held = self._desk.ledger.held(trade.key)
        if held == 0:
            return Refused("nothing_held", {"ticker": trade.instrument.ticker})
        quote = await self._desk.quote(trade.account.name, trade.instrument.ticker)
        last = quote.last if quote else None
        return self._execution.exiting.request(replace(exit_of(trade), arrival=last), held, 0)

    async def _judged(self, request: OrderRequest, *, enters: bool) -> tuple[tuple[Check, ...], Quoted]:
        """How it fares against every limit just now, and what its fill would lead to."""
        if not enters:
            return (), Quoted()
        situation = await self._desk.situation(request)
        checks = tuple(_check(name, no) for name, no in checklist(request, self._desk.limits, situation))
        return checks, _quoted(request, situation)


def _quoted(request: OrderRequest, situation: Situation) -> Quoted:
    quote, equity = situation.quote, situation.margin.equity
    market = None if quote is None else ((quote.ask if request.side is Side.BUY else quote.bid) or quote.last)
    worth = situation.instrument.notional(situation.reference(request), request.quantity)
    gross = max(ZERO, situation.gross + (-worth if reduces(request, situation) else worth))
    return Quoted(
        market=market,
        position=situation.net + request.quantity * request.side.sign,
        gross=gross,
        leverage=round(gross / equity, 2) if equity > 0 else None,
    )


def _check(name: str, no: Refused | None) -> Check:
    return (
        Check(name, ok=True, text="check.ok")
        if no is None
        else Check(name, ok=False, text=f"refused.{no.code}", params=no.params)
    )
