"""What happens at the click: the price is asked for again, two persons agree, an edit is another trade."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.alerts import Source
from core.values.ids import ProposalId
from core.values.notices import Notice
from core.values.orders import OrderRole, Refused
from core.values.people import Role
from core.values.proposals import Answer, Proposal, ProposalState
from tests.desk import TestDesk, opened, person

D = Decimal
ANN, BEN = person(Role.ADMIN, "ann"), person(Role.ADMIN, "ben")


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[TestDesk]:
    """A desk where entries worth more than 10000 need two persons."""
    async with opened(tmp_path, proposals={"two_person_above": "10000"}) as desk:
        yield desk


async def proposed(desk: TestDesk) -> Proposal:
    record = await desk.enter(source=Source.STUDY)
    assert record.proposal_id is not None
    return await now(desk, record.proposal_id)


async def now(desk: TestDesk, proposal_id: ProposalId) -> Proposal:
    found = await desk.engine.store.proposal(proposal_id)
    assert found is not None
    return found


async def card(desk: TestDesk) -> Notice:
    return [notice for notice in await desk.notices() if notice.card.startswith("proposal:")][-1]


async def said(desk: TestDesk, label: str) -> str:
    """What the newest card's button types."""
    return next(action.id for action in (await card(desk)).actions if action.label == f"action.{label}")


async def test_the_card_says_everything_that_an_answer_needs(desk: TestDesk) -> None:
    """Live price, reward to risk, what the fill leads to, the alert's age and each check."""
    await proposed(desk)
    told = {line.key: line.params for line in (await card(desk)).lines}
    assert float(told["proposal.market"]["percent"]) == pytest.approx(0, abs=0.01)
    assert told["proposal.reward"] == {"reward": "5"}
    assert told["proposal.exposure"]["position"] == "0.5"
    assert float(told["proposal.exposure"]["leverage"]) == pytest.approx(2, abs=0.01)
    assert told["proposal.age"] == {"seconds": "0"}
    assert "buying power" in told["proposal.fine"]["names"]


async def test_a_price_that_moved_is_asked_about_once_more(desk: TestDesk) -> None:
    """The press asks again with both prices; the second press takes the new one; one order."""
    proposal = await proposed(desk)
    await desk.book("40399.5", "40400")
    asked = await desk.say(f"/approve {proposal.id} 1")
    assert (asked.key, asked.params["price"], asked.params["percent"]) == ("proposal.moved", "40400", "1")
    assert (await now(desk, proposal.id)).state is ProposalState.OPEN
    assert await desk.orders() == []
    await desk.say(f"/press {asked.actions[0].id}")
    assert (await now(desk, proposal.id)).state is ProposalState.APPROVED
    assert len(await desk.orders(OrderRole.ENTRY)) == 1


async def test_a_price_that_moves_on_is_asked_about_again(desk: TestDesk) -> None:
    """What was taken was one price, and not every price."""
    proposal = await proposed(desk)
    await desk.book("40399.5", "40400")
    asked = await desk.say(f"/approve {proposal.id} 1")
    await desk.book("40799.5", "40800")
    again = await desk.say(f"/press {asked.actions[0].id}")
    assert (again.key, again.params["was"], again.params["price"]) == ("proposal.moved", "40400", "40800")
    assert await desk.orders() == []


async def test_a_button_pressed_in_vain_is_offered_anew(desk: TestDesk) -> None:
    """The price moved: the card has fresh buttons and the price of now."""
    await proposed(desk)
    await desk.book("40399.5", "40400")
    before = await said(desk, "approve")
    await desk.say(f"/press {before}")
    assert await said(desk, "approve") != before
    market = next(line.params for line in (await card(desk)).lines if line.key == "proposal.market")
    assert market["market"] == "40400"


async def test_above_the_sum_two_persons_must_agree(strict: TestDesk) -> None:
    """The first is recorded and shown, the same person twice is told so, the second makes one order."""
    proposal = await proposed(strict)
    first = await strict.say(f"/approve {proposal.id} 1", ANN)
    assert first.key == "command.first_of_two"
    assert ("proposal.first", "ann") in [(line.key, line.params.get("by")) for line in (await card(strict)).lines]
    twice = await strict.say(f"/approve {proposal.id}", ANN)
    assert twice.params["code"] == "second_person"
    assert await strict.orders() == []
    await strict.say(f"/approve {proposal.id}", BEN)
    assert (await now(strict, proposal.id)).answered_by == "ben"
    assert len(await strict.orders(OrderRole.ENTRY)) == 1


async def test_two_approvers_in_the_same_second_are_two_persons(strict: TestDesk) -> None:
    """Both saw version 1, which is the same trade: one entry."""
    proposal = await proposed(strict)
    answers = [strict.engine.approvals.answer(proposal.id, 1, Answer.APPROVE, who) for who in (ANN, BEN)]
    both = await asyncio.gather(*answers)
    assert not any(isinstance(answer, Refused) for answer in both)
    await strict.settle()
    assert len(await strict.orders(OrderRole.ENTRY)) == 1


async def test_who_approved_first_approved_that_trade_and_no_other(strict: TestDesk) -> None:
    """After an edit both must agree anew."""
    proposal = await proposed(strict)
    await strict.say(f"/approve {proposal.id} 1", ANN)
    await strict.say(f"/edit {proposal.id} quantity=0.4", BEN)
    assert (await now(strict, proposal.id)).first_by is None
    assert (await strict.say(f"/approve {proposal.id}", BEN)).key == "command.first_of_two"
    assert await strict.orders() == []


async def test_half_of_it_may_need_nobody_else(strict: TestDesk) -> None:
    """0.25 are worth 10000, which is not above the sum."""
    proposal = await proposed(strict)
    await strict.say(f"/approve {proposal.id} 1 half", ANN)
    assert (await now(strict, proposal.id)).state is ProposalState.APPROVED


async def test_an_edit_shows_what_it_changed(desk: TestDesk) -> None:
    """Old and new on the card, judged anew; the version before is no answer any more."""
    proposal = await proposed(desk)
    await desk.say(f"/edit {proposal.id} 1 quantity=0.3 stop=39900")
    lines = [tuple(line.params.values()) for line in (await card(desk)).lines if line.key == "proposal.changed"]
    assert lines == [("quantity", "0.5", "0.3"), ("stop", "39800", "39900")]
    exposure = next(line.params for line in (await card(desk)).lines if line.key == "proposal.exposure")
    assert exposure["position"] == "0.3"
    assert (await desk.say(f"/approve {proposal.id} 1")).params["code"] == "old_version"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ("stop=40000", "bad_change"),
        ("stop=41000", "bad_change"),
        ("target=39000", "bad_change"),
        ("quantity=0.0001", "zero_size"),
        ("quantity=NaN", "bad_change"),
        ("price=-1", "bad_change"),
        ("stop=39999.99", "stop_at_price"),
    ],
)
async def test_an_edit_that_will_not_do_is_refused_in_words(desk: TestDesk, changes: str, code: str) -> None:
    """And nothing has changed."""
    proposal = await proposed(desk)
    assert (await desk.say(f"/edit {proposal.id} {changes}")).params["code"] == code
    assert (await now(desk, proposal.id)).version == 1


async def test_snoozed_is_later_and_market_is_now(desk: TestDesk) -> None:
    """Snooze gives as much time again; Market now sends a limit order at market."""
    record = await desk.limit("39990", source=Source.STUDY)
    assert record.proposal_id is not None
    before = await now(desk, record.proposal_id)
    await desk.say(f"/press {await said(desk, 'snooze')}")
    assert (await now(desk, before.id)).expires_at == before.expires_at + timedelta(seconds=300)
    await desk.say(f"/press {await said(desk, 'market')}")
    assert [order.request.type.value for order in await desk.orders(OrderRole.ENTRY)] == ["market"]


async def test_who_rejects_may_say_why_afterwards(desk: TestDesk) -> None:
    """A press rejects at once and offers the usual reasons; the reason is on the card."""
    proposal = await proposed(desk)
    answer = await desk.say(f"/press {await said(desk, 'reject')}")
    assert (await now(desk, proposal.id)).state is ProposalState.REJECTED
    late = next(action for action in answer.actions if action.label == "action.too_late")
    await desk.say(f"/press {late.id}")
    assert ((await now(desk, proposal.id)).reason, (await card(desk)).params["reason"]) == ("too_late", "too_late")
    stranger = await desk.say(f"/reason {proposal.id} because", ANN)
    assert stranger.params["code"] == "answered"


async def test_a_reason_given_at_once_is_not_asked_for(desk: TestDesk) -> None:
    """`/reject ID not today`."""
    proposal = await proposed(desk)
    assert (await desk.say(f"/reject {proposal.id} not today")).actions == ()
    assert (await now(desk, proposal.id)).reason == "not today"


@pytest.mark.proof
async def test_proof_of_a_hundred_clicks(tmp_path: Path, rounds: int) -> None:
    """A hundred people press Approve at once: one order, every time."""
    async with opened(tmp_path, account={"cash": "1000000"}, risk={"entries_per_minute": 0}) as desk:
        people = [person(Role.ADMIN, f"p{number}") for number in range(100)]
        for number in range(rounds):
            proposal = await proposed(desk)
            await asyncio.gather(*(desk.console.run(f"/approve {proposal.id} 1", each) for each in people))
            await desk.settle()
            await desk.exit()
            entries = await desk.engine.store.orders_because("proposal", proposal.id)
            assert [o.request.role for o in entries].count(OrderRole.ENTRY) == 1, number
            await desk.clock.advance(60)
    print(f"\n0 doubled of {rounds} proposals pressed 100 times at once: below {D(300) / rounds:f} % at 95 %")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/approve {id} half", "command.approved"),
        ("/approve {id} snooze", "command.snoozed"),
        ("/edit {id} quantity=0.2", "command.edited"),
        ("/reject {id} earnings", "command.rejected"),
    ],
)
async def test_an_answer_says_what_it_did(desk: TestDesk, line: str, told: str) -> None:
    """Approved, snoozed, changed and rejected are four things."""
    proposal = await proposed(desk)
    assert (await desk.say(line.format(id=proposal.id))).key == told
