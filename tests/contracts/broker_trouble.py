"""Cards 6x to 8x: refusals, trouble on the wire, what is traded and owned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.money import Quantity
from core.values.orders import (
    Side,
)
from tests.contracts.broker_desk import Desk


class TroubleCards:
    async def test_bc_61_a_broken_step_is_rejected(self, desk: Desk) -> None:
        """Half a step is no order."""
        request = desk.request(Side.BUY, 1, -2)
        with pytest.raises(Rejected):
            await desk.send(replace(request, quantity=Quantity(request.quantity / 2)))

    async def test_bc_62_what_money_cannot_carry_is_rejected(self, desk: Desk) -> None:
        """Far more than the account could margin is refused whole, and nothing works."""
        with pytest.raises(Rejected):
            await desk.buy(10_000_000, price=-2)
        assert await desk.on.broker.open_orders() == []

    async def test_bc_63_a_closed_market_takes_no_order(self, desk: Desk) -> None:
        """Outside the session the answer is a no, not a wait."""
        await desk.on.close_market()
        with pytest.raises(Rejected, match="market_closed"):
            await desk.buy(5, price=-2)

    async def test_bc_64_an_unknown_ticker_is_rejected(self, desk: Desk) -> None:
        """By its name, before anything is sent."""
        with pytest.raises(Rejected, match="unknown_ticker"):
            await desk.send(replace(desk.request(Side.BUY, 5, -2), ticker="NOTHING"))

    async def test_bc_71_a_lost_answer_is_an_unknown_outcome(self, desk: Desk) -> None:
        """The order was taken, the answer was not heard: it can be found, and there is one."""
        request = desk.request(Side.BUY, 5, -2)
        desk.on.script("accept_then_drop")
        with pytest.raises(OutcomeUnknown):
            await desk.send(request)
        assert [t.order_id for t in await desk.on.broker.open_orders()] == [request.id]

    async def test_bc_72_a_server_error_is_an_unknown_outcome(self, desk: Desk) -> None:
        """A 500 on placing never means failed."""
        desk.on.script("server_error")
        with pytest.raises(OutcomeUnknown):
            await desk.buy(5, price=-2)
        assert len(await desk.on.broker.open_orders()) == 1

    async def test_bc_73_a_lost_request_is_an_unknown_outcome(self, desk: Desk) -> None:
        """The same to the caller as a lost answer; only asking tells them apart."""
        request = desk.request(Side.BUY, 5, -2)
        desk.on.script("drop")
        with pytest.raises(OutcomeUnknown):
            await desk.send(request)
        assert await desk.on.broker.find(desk.journalled(request)) is None

    async def test_bc_74_a_rate_limit_is_transient(self, desk: Desk) -> None:
        """429 proves that nothing was accepted, and says when to come back."""
        desk.on.script("too_many_requests")
        with pytest.raises(Transient) as caught:
            await desk.buy(5, price=-2)
        assert caught.value.retry_after_s > 0
        assert await desk.on.broker.open_orders() == []

    async def test_bc_75_a_failed_query_is_never_an_empty_answer(self, desk: Desk) -> None:
        """Cut off, a broker raises instead of saying that nothing is held; then it answers again."""
        await desk.buy(5, price=3)
        desk.on.script("disconnect")
        with pytest.raises(Transient):
            await desk.on.broker.positions()
        assert len(await desk.on.broker.positions()) == 1

    async def test_bc_81_instruments_can_be_rounded_for(self, desk: Desk) -> None:
        """Each has a positive tick, lot and step, and answers to its own exchange."""
        listed = await desk.on.broker.instruments()
        assert desk.on.instrument.ticker in {i.ticker for i in listed}
        assert all(i.tick > 0 and i.lot > 0 and i.step > 0 for i in listed)

    async def test_bc_82_margin_and_cash_share_a_currency(self, desk: Desk) -> None:
        """Free collateral is at most the equity, and cash names the currency of both."""
        await desk.buy(5, price=3)
        margin = await desk.on.broker.margin()
        assert margin.free <= margin.equity
        assert margin.currency in await desk.on.broker.cash()

    async def test_bc_83_the_schedule_overlaps_what_was_asked(self, desk: Desk) -> None:
        """Sessions come in order and touch the span."""
        now = desk.on.clock.now()
        span = await desk.on.broker.schedule(desk.on.instrument, now, now + timedelta(days=7))
        assert span
        assert all(s.opens_at < now + timedelta(days=7) and s.closes_at > now for s in span)
        assert list(span) == sorted(span, key=lambda session: session.opens_at)

    async def test_bc_84_budgets_can_be_reckoned_with(self, desk: Desk) -> None:
        """Each allows calls, and keeps no more of them apart than there are."""
        for budget in desk.on.broker.capabilities.budgets:
            assert budget.calls > 0
            assert budget.per_s > 0
            assert budget.exits + budget.polling + budget.entries <= 1
