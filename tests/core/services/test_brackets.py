"""Entries with several targets: what stands at the broker, and what is left when some of it has filled."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.values.alerts import AlertRecord
from core.values.money import plain
from core.values.notices import NoticeKind
from core.values.orders import OrderRole, OrderState, OrderType, Side, TimeInForce
from tests.desk import TestDesk, levels, opened, price

D = Decimal
STEPS: dict[str, Any] = {"close_percent": D(20), "multiples": (D("0.6"), D(1), D("1.5"))}
WATCHED = ("tinvest", "alpaca", "bare")
"""Brokers without reduce-only orders: the desk watches the targets; the last one keeps no stops either."""


async def bracket(desk: TestDesk, **fields: Any) -> AlertRecord:
    """Half a coin at 40000: a fifth each at 40120, 40200 and 40300, the rest at 41000, the stop at 39800."""
    return await desk.enter(**(STEPS | fields))


async def standing(desk: TestDesk) -> list[str]:
    """What works at the broker, as `sell 0.1 40120`, lowest price first."""
    broker = desk.broker()
    tickets = [*await broker.open_orders(), *await broker.stop_orders()]
    rows = [(t.stop_price or t.price or D(0), t.quantity - t.filled, t.side.value) for t in tickets]
    return [f"{side} {plain(pieces)} {plain(at)}" for at, pieces, side in sorted(rows)]


async def gone_up(desk: TestDesk, *bids: str, size: str | None = None) -> None:
    """Books whose bids these are; the desk asks for a second quote where a level is reached."""
    for bid in bids:
        await desk.book(bid, f"{D(bid) + 1:f}", bid_size=size)


async def test_le_21_intermediate_targets_stand_beside_the_main_one(desk: TestDesk) -> None:
    """A fifth at each multiple of the distance to the stop, the rest at the main target; all reduce only."""
    await bracket(desk)
    assert await standing(desk) == [
        "sell 0.5 39800", "sell 0.1 40120", "sell 0.1 40200", "sell 0.1 40300", "sell 0.2 41000",
    ]  # fmt: skip
    assert all(order.request.reduce_only for order in await desk.orders(OrderRole.TARGET))


async def test_le_15_stop_entry_target_and_then_the_others(desk: TestDesk) -> None:
    """Order of arrival at the broker."""
    await bracket(desk)
    sent = [row.row for row in reversed((await desk.engine.store.audit(1000)).items) if row.row.action == "order.sent"]
    assert [row.data["role"] for row in sent] == ["stop", "entry", *["target"] * 4]


async def test_le_23_a_short_with_several_targets_is_the_mirror(desk: TestDesk) -> None:
    """Stop above, targets below, all buy."""
    await bracket(desk, side=Side.SELL)
    assert await standing(desk) == [
        "buy 0.2 39000", "buy 0.1 39700", "buy 0.1 39800", "buy 0.1 39880", "buy 0.5 40200",
    ]  # fmt: skip
    await desk.book("39799", "39800")
    assert await standing(desk) == ["buy 0.2 39000", "buy 0.1 39700", "buy 0.3 40200"]


async def test_le_18_a_limit_entry_has_its_targets_for_what_is_filled(desk: TestDesk) -> None:
    """Nearest first: 0.15 of 0.5 fill the first and half of the second, and then the rest comes."""
    await desk.book("39999.5", "40000", ask_size="0.15")
    await bracket(desk, order_type=OrderType.LIMIT)
    assert await standing(desk) == ["sell 0.5 39800", "buy 0.35 40000", "sell 0.1 40120", "sell 0.05 40200"]
    await desk.book("39999.5", "40000")
    assert await standing(desk) == [
        "sell 0.5 39800", "sell 0.1 40120", "sell 0.1 40200", "sell 0.1 40300", "sell 0.2 41000",
    ]  # fmt: skip


async def test_le_40_without_multiples_there_is_one_way_out(desk: TestDesk) -> None:
    """One entry, one target, one stop, all of the same size."""
    await desk.enter()
    assert await standing(desk) == ["sell 0.5 39800", "sell 0.5 41000"]
    await gone_up(desk, "41000")
    assert [o.filled for o in await desk.orders(OrderRole.TARGET)] == [D("0.5")]
    assert await desk.holds() == {}


async def test_a_target_that_filled_shrinks_the_stop_and_does_not_come_again(desk: TestDesk) -> None:
    """Neither does it after the price has come back."""
    await bracket(desk)
    await gone_up(desk, "40120", "40000")
    assert await standing(desk) == ["sell 0.4 39800", "sell 0.1 40200", "sell 0.1 40300", "sell 0.2 41000"]
    assert len(await desk.orders(OrderRole.TARGET)) == 4


async def test_a_target_that_filled_in_part_keeps_its_rest(desk: TestDesk) -> None:
    """The book gives 0.04 of 0.1: that order stays, the others too."""
    await bracket(desk)
    await gone_up(desk, "40120", size="0.04")
    assert await standing(desk) == [
        "sell 0.46 39800", "sell 0.06 40120", "sell 0.1 40200", "sell 0.1 40300", "sell 0.2 41000",
    ]  # fmt: skip


async def test_what_was_taken_is_remembered_after_a_restart(data_dir: Path) -> None:
    """The first target has filled before, a second time it would be asked for the size that others stand for."""
    async with opened(data_dir) as desk:
        await bracket(desk)
        await gone_up(desk, "40120")
    async with opened(data_dir) as desk:
        assert await standing(desk) == ["sell 0.4 39800", "sell 0.1 40200", "sell 0.1 40300", "sell 0.2 41000"]
        assert [plain(part.price) for part in desk.position.position.plan.parts] == ["40200", "40300"]


async def test_the_last_target_takes_the_stop_away(desk: TestDesk) -> None:
    """One jump through all of them."""
    await bracket(desk)
    await gone_up(desk, "41000")
    assert (await standing(desk), await desk.holds(), desk.positions()) == ([], {}, [])


async def test_the_stop_takes_all_targets_away(desk: TestDesk) -> None:
    """The rest of the position is sold, no target outlives it."""
    await bracket(desk)
    await gone_up(desk, "40120", "39799")
    assert (await standing(desk), await desk.holds(), desk.positions()) == ([], {}, [])


async def test_le_22_without_a_main_target_the_rest_has_the_stop_alone(desk: TestDesk) -> None:
    """Three fifths have a target, two have none."""
    await bracket(desk, long=levels("39800"))
    assert await standing(desk) == ["sell 0.5 39800", "sell 0.1 40120", "sell 0.1 40200", "sell 0.1 40300"]
    await gone_up(desk, "40300")
    assert (await standing(desk), await desk.holds()) == (["sell 0.2 39800"], {"BTCPERP": D("0.2")})


async def test_w_24_targets_of_more_than_everything_end_where_the_position_does(desk: TestDesk) -> None:
    """Twice 60 percent: the second gets the 40 that are left, the main one nothing."""
    await bracket(desk, close_percent=D(60), multiples=(D(1), D(2)))
    assert await standing(desk) == ["sell 0.5 39800", "sell 0.3 40200", "sell 0.2 40400"]


async def test_breakeven_after_the_first_target_moves_the_stop_of_what_is_left(desk: TestDesk) -> None:
    """One stop, for 0.4, at the alert's price."""
    await bracket(desk)
    await gone_up(desk, "40150")
    await desk.breakeven(long=levels(breakeven="40080"))
    assert await standing(desk) == ["sell 0.4 40080", "sell 0.1 40200", "sell 0.1 40300", "sell 0.2 41000"]


async def test_le_24_a_target_that_was_refused_is_told_with_what_was_placed(desk: TestDesk) -> None:
    """The second of four is refused twice: one notice names it, and every order that stands with id and state."""
    desk.broker().script("delay", 3, seconds=0)  # stop, entry, first target
    desk.broker().script("refuse")
    desk.broker().script("delay", 2, seconds=0)
    desk.broker().script("refuse")
    await bracket(desk)
    await desk.wait(1)
    await desk.settle()
    assert await standing(desk) == ["sell 0.5 39800", "sell 0.1 40120", "sell 0.1 40300", "sell 0.2 41000"]
    [notice] = await desk.notices("position.incomplete")
    placed = [line.params for line in notice.lines if line.key == "position.placed"]
    [missing] = [line.params for line in notice.lines if line.key == "position.missing"]
    assert notice.kind is NoticeKind.ERROR
    assert (missing["price"], missing["quantity"]) == ("40200", "0.1")
    orders = {order.id: order.state.value for order in await desk.orders() if order.state is not OrderState.REJECTED}
    assert {line["id"]: line["state"] for line in placed} == orders


# where the desk watches the targets


@pytest.fixture(params=WATCHED)
def watched(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"dialect": request.param}


async def stops(desk: TestDesk) -> list[Decimal]:
    return [order.remaining for order in desk.live(OrderRole.STOP)]


async def test_a_watched_target_closes_its_part_only(data_dir: Path, watched: dict[str, Any]) -> None:
    """Then the stop is for the rest, and the next target is watched."""
    async with opened(data_dir, account=watched) as desk:
        await bracket(desk)
        kept = bool(await stops(desk))
        for bid, left in (("40119", "0.5"), ("40120", "0.4"), ("40150", "0.4"), ("40200", "0.3"), ("40300", "0.2")):
            await gone_up(desk, bid)
            assert (await desk.holds(), await stops(desk)) == ({"BTCPERP": D(left)}, [D(left)] if kept else [])
            assert desk.position.protected_by == ("broker" if kept else "desk")
        await gone_up(desk, "41000")
        assert (await desk.holds(), await standing(desk), desk.positions()) == ({}, [], [])


async def test_a_jump_takes_every_watched_target_that_it_passed(data_dir: Path, watched: dict[str, Any]) -> None:
    """One after the other, each its part."""
    async with opened(data_dir, account=watched) as desk:
        await bracket(desk)
        await gone_up(desk, "40250")
        assert await desk.holds() == {"BTCPERP": D("0.3")}
        assert [o.filled for o in await desk.orders(OrderRole.TARGET)] == [D("0.1"), D("0.1")]


async def test_a_stop_works_on_after_a_watched_target(data_dir: Path, watched: dict[str, Any]) -> None:
    """The rest is sold, and no more than the rest."""
    async with opened(data_dir, account=watched) as desk:
        await bracket(desk)
        await gone_up(desk, "40120", "39799")
        await desk.wait(6)
        await desk.settle()
        assert (await desk.holds(), await standing(desk), desk.positions()) == ({}, [], [])
        assert sum(fill.signed for fill in await desk.fills()) == 0


async def test_a_watched_target_of_a_short(data_dir: Path, watched: dict[str, Any]) -> None:
    """By the ask, downwards."""
    async with opened(data_dir, account=watched, risk={"short": True}) as desk:
        if not desk.broker().capabilities.short_selling:
            return
        await bracket(desk, side=Side.SELL)
        await desk.book("39799", "39800")
        assert await desk.holds() == {"BTCPERP": D("-0.3")}


async def test_a_watched_target_is_taken_once_across_a_restart(data_dir: Path, watched: dict[str, Any]) -> None:
    """The price is still beyond it when the desk comes back."""
    async with opened(data_dir, account=watched) as desk:
        await bracket(desk)
        await gone_up(desk, "40120")
    async with opened(data_dir, account=watched) as desk:
        await gone_up(desk, "40130", "40131")
        assert await desk.holds() == {"BTCPERP": D("0.4")}


async def test_le_24_a_watched_target_that_is_refused_again_and_again_is_given_up(data_dir: Path) -> None:
    """Five tries, then people are told; the stop stands for everything, the next target takes its part, and the main
    one all that is left."""
    async with opened(data_dir, account={"dialect": "alpaca"}) as desk:
        await bracket(desk)
        for _ in range(5):
            desk.broker().script("refuse")
            desk.broker().script("delay", seconds=0)  # the stop that comes back
        await gone_up(desk, "40120")
        await desk.wait(25)
        await desk.settle()
        [notice] = await desk.notices("position.incomplete")
        assert [line.params["price"] for line in notice.lines if line.key == "position.missing"] == ["40120"]
        assert (await desk.holds(), await stops(desk)) == ({"BTCPERP": D("0.5")}, [D("0.5")])
        await gone_up(desk, "40200")
        assert (await desk.holds(), await stops(desk)) == ({"BTCPERP": D("0.4")}, [D("0.4")])
        await gone_up(desk, "41000")
        assert (await desk.holds(), await standing(desk)) == ({}, [])


# where a venue takes limit orders only, and where nobody is there


async def test_without_market_orders_entry_and_exit_go_through_the_book(data_dir: Path) -> None:
    """A limit one percent beyond the best price, at once or not at all; the fill is at the book's own price."""
    async with opened(data_dir, account={"dialect": "angelone"}) as desk:
        await desk.enter()
        [entry] = await desk.orders(OrderRole.ENTRY)
        assert (entry.request.type, entry.request.time_in_force) == (OrderType.LIMIT, TimeInForce.IMMEDIATE_OR_CANCEL)
        assert (entry.request.price, entry.average_price) == (D("40400.5"), D("40000.5"))
        assert (await desk.holds(), await stops(desk)) == ({"BTCPERP": D("0.5")}, [D("0.5")])
        await desk.exit()
        [way_out] = await desk.orders(OrderRole.EXIT)
        assert (way_out.request.type, way_out.filled) == (OrderType.LIMIT, D("0.5"))
        assert (await desk.holds(), await standing(desk)) == ({}, [])


async def test_without_market_orders_a_resting_entry_stays_as_it_is(data_dir: Path) -> None:
    """Its own price counts."""
    async with opened(data_dir, account={"dialect": "angelone"}) as desk:
        await desk.limit("39500", long=levels("39300", "41000"))
        assert await standing(desk) == ["buy 0.5 39500"]


@pytest.mark.parametrize("dialect", ["paper", "angelone", "alpaca"])
async def test_an_exit_into_an_empty_book_is_made_when_somebody_is_there(data_dir: Path, dialect: str) -> None:
    """Nothing is sent meanwhile, and the stop goes on standing."""
    async with opened(data_dir, account={"dialect": dialect}) as desk:
        await desk.enter()
        await desk.book_of("BTCPERP", None, "40001")
        record = await desk.exit()
        await desk.wait(3)
        assert (record.reason, await desk.orders(OrderRole.EXIT)) == ("empty_book", [])
        assert await stops(desk) == [D("0.5")]
        await desk.book("39990", "39991")
        await desk.wait(2)
        await desk.settle()
        assert (await desk.holds(), await standing(desk), desk.positions()) == ({}, [], [])
        assert len(await desk.orders(OrderRole.EXIT)) == 1


async def test_w_25_breakeven_does_not_stack_a_second_stop(desk: TestDesk) -> None:
    """However often it comes."""
    await desk.enter()
    await desk.book("40500", "40501")
    for level in ("40050", "40080", "40100"):
        await desk.breakeven(long=levels(breakeven=level))
    assert await standing(desk) == ["sell 0.5 40100", "sell 0.5 41000"]


async def test_w_23_a_target_that_fills_while_the_exit_is_decided_turns_nothing(desk: TestDesk) -> None:
    """The price stands at the targets when the exit comes: what they took is not sold a second time."""
    await bracket(desk)
    desk.engine.market.set_book("BTCPERP", D(41000), D(41001))
    await desk.exit()
    assert (await desk.holds(), await standing(desk)) == ({}, [])
    assert sum(fill.signed for fill in await desk.fills()) == 0


async def test_a_part_below_a_step_is_the_main_targets(desk: TestDesk) -> None:
    """A fifth of one lot is none."""
    await bracket(desk, ticker="SBER", price=price("300"), long=levels("294", "330"))
    assert await desk.holds() == {"SBER": D(10)}
    assert await standing(desk) == ["sell 10 294", "sell 10 330"]


# asked first


async def test_a_proposal_shows_every_target_and_approving_places_them(data_dir: Path) -> None:
    """The main one last."""
    async with opened(data_dir, webhook={"approval": "ask"}) as desk:
        await bracket(desk)
        [proposal] = (await desk.engine.store.proposals(10)).items
        assert proposal.targets == (D(40120), D(40200), D(40300), D(41000))
        await desk.say(f"/approve {proposal.id} {proposal.version}")
        assert await standing(desk) == [
            "sell 0.5 39800", "sell 0.1 40120", "sell 0.1 40200", "sell 0.1 40300", "sell 0.2 41000",
        ]  # fmt: skip


async def test_half_of_a_proposal_has_half_at_every_target(data_dir: Path) -> None:
    """A fifth of what is traded, not of what was asked."""
    async with opened(data_dir, webhook={"approval": "ask"}) as desk:
        await bracket(desk)
        [proposal] = (await desk.engine.store.proposals(10)).items
        await desk.say(f"/approve {proposal.id} {proposal.version} half")
        assert await standing(desk) == [
            "sell 0.25 39800", "sell 0.05 40120", "sell 0.05 40200", "sell 0.05 40300", "sell 0.1 41000",
        ]  # fmt: skip


async def test_a_target_that_a_person_writes_is_the_only_one(data_dir: Path) -> None:
    """What is shown after the edit is what is done."""
    async with opened(data_dir, webhook={"approval": "ask"}) as desk:
        await bracket(desk)
        [proposal] = (await desk.engine.store.proposals(10)).items
        await desk.say(f"/edit {proposal.id} {proposal.version} target=40500")
        [proposal] = (await desk.engine.store.proposals(10)).items
        assert proposal.targets == (D(40500),)
        await desk.say(f"/approve {proposal.id} {proposal.version}")
        assert await standing(desk) == ["sell 0.5 39800", "sell 0.5 40500"]


# whatever comes


@pytest.mark.parametrize("dialect", ["paper", "tinvest", "alpaca", "bare", "angelone"])
@pytest.mark.parametrize("seed", range(3))
async def test_no_walk_of_prices_turns_the_position(data_dir: Path, dialect: str, seed: int) -> None:
    """Thin books, jumps and a restart: never more than was bought, never short, no target takes more than its share;
    at the end the stop takes what is left."""
    dice = random.Random(seed)
    account = {"dialect": dialect}
    async with opened(data_dir, account=account) as desk:
        await bracket(desk)
        await walk(desk, dice)
    async with opened(data_dir, account=account) as desk:
        await walk(desk, dice)
        await desk.book("39700", "39701")
        await desk.wait(10)
        await desk.settle()
        assert (await desk.holds(), await standing(desk), desk.positions()) == ({}, [], [])
        assert sum(fill.signed for fill in await desk.fills()) == 0
        shares: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for order in await desk.orders(OrderRole.TARGET):
            level = order.request.arrival or order.request.price
            assert level is not None
            shares[level] += order.filled
        assert all(shares[D(level)] <= D("0.1") for level in ("40120", "40200", "40300"))


async def walk(desk: TestDesk, dice: random.Random) -> None:
    for _ in range(6):
        bid = D(dice.randrange(39850, 40400, 10))
        size = dice.choice([None, "0.03", "0.07"])
        await desk.book(f"{bid:f}", f"{bid + 1:f}", bid_size=size)
        await desk.wait(1)
        await desk.settle()
        held = (await desk.holds()).get("BTCPERP", D(0))
        resting = [row for row in await standing(desk) if not row.endswith(" 39800")]
        assert 0 <= held <= D("0.5")
        assert sum(D(row.split()[1]) for row in resting) <= held
