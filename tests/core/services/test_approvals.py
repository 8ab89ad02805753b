"""Trades that wait for a person's word: what becomes of them when the broker or the desk is away."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from core.values.alerts import Source
from core.values.ids import ProposalId
from core.values.orders import OrderRole
from core.values.proposals import Proposal, ProposalState
from tests.desk import OWNER, TestDesk, copy_of, opened

D = Decimal
PROTECTED = ["sell limit 0.5 41000", "sell stop 0.5 39800"]


async def proposed(desk: TestDesk) -> ProposalId:
    record = await desk.enter(source=Source.STUDY)
    assert (record.done, record.reason, await desk.orders()) == (True, "", [])
    assert record.proposal_id is not None
    return record.proposal_id


async def state(desk: TestDesk, proposal_id: ProposalId) -> Proposal:
    found = await desk.engine.store.proposal(proposal_id)
    assert found is not None
    return found


async def test_an_approved_proposal_is_traded_and_protected(desk: TestDesk) -> None:
    """Its orders name alert, proposal and person."""
    proposal_id = await proposed(desk)
    await desk.say(f"/approve {proposal_id}")
    assert await desk.at_broker() == PROTECTED
    [entry] = await desk.orders(OrderRole.ENTRY)
    assert [cause.kind.value for cause in entry.request.because] == ["alert", "proposal", "person"]
    assert (await state(desk, proposal_id)).state is ProposalState.APPROVED


async def test_a_broker_that_is_away_makes_an_approved_proposal_wait(desk: TestDesk) -> None:
    """It is done as soon as the broker answers again, not at the next start."""
    proposal_id = await proposed(desk)
    desk.broker().script("disconnect", 2)
    approving = asyncio.ensure_future(desk.console.run(f"/approve {proposal_id}", OWNER))
    await desk.breathe()
    await desk.wait(8)
    await approving
    await desk.settle()
    assert await desk.at_broker() == PROTECTED
    assert len(await desk.orders(OrderRole.ENTRY)) == 1


async def test_an_approval_that_the_desk_did_not_live_to_execute_lapses(data_dir: Path) -> None:
    """Approved, then the power went until long after its time: nothing is sent, and nothing is left behind."""
    async with opened(data_dir) as desk:
        proposal_id = await proposed(desk)
        desk.broker().script("delay", seconds=100)
        approving = asyncio.ensure_future(desk.console.run(f"/approve {proposal_id}", OWNER))
        await desk.breathe()
        dead = copy_of(data_dir)
        approving.cancel()
    async with opened(dead, later=timedelta(hours=1)) as desk:
        assert (await state(desk, proposal_id)).reason == "expired"
        assert (await desk.holds(), await desk.at_broker(), desk.live()) == ({}, [], [])
    async with opened(data_dir) as desk:  # and in time it is done
        assert await desk.at_broker() == PROTECTED


async def test_a_position_may_outlive_its_instrument(data_dir: Path) -> None:
    """A future expires and the venue drops it: the others are still shown and traded."""
    async with opened(data_dir, risk={"gross_max_percent": "9999"}) as desk:
        future = next(i.ticker for i in desk.engine.market.instruments("RUB") if i.basic_asset == "SBER")
        await desk.say(f"/buy 1 {future}", call_id="1")
        quote = desk.engine.market.quote(future)
        assert quote is not None
        await desk.book_of(future, str((quote.bid or D(0)) - 2), str((quote.bid or D(0)) - 1))
        account = desk.engine.desk.venues[desk.position.position.account].account
        left = [i for i in desk.engine.desk.directory.instruments(account.name) if i.ticker != future]
        desk.engine.desk.directory.put(account, left)
        assert (await desk.say("/positions")).key == "command.positions"
        assert (await desk.enter()).reason == ""
