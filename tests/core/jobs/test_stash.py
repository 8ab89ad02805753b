"""Stop orders put aside and brought back."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.tinvest import translate
from core.values.changes import StashSet
from core.values.ids import IntentId, OrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Price, Quantity
from core.values.notices import Notice, NoticeKind
from core.values.orders import ApprovedOrder, OrderRequest, OrderRole, OrderType, Purpose, Side
from core.values.tasks import TaskState
from core.values.traps import Stash
from tests.desk import TESTING, TestDesk, opened

D = Decimal
STANDING = ["buy take_profit 1760 170", "buy take_profit 1870 160", "buy take_profit 2000 150"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    """Three traps of SBER, which costs 200."""
    async with opened(tmp_path, account={"cash": "100000000"}) as desk:
        await desk.book_of("SBER", "200", "200")
        await desk.say("/stops white SBER")
        await desk.say("/stops")
        yield desk


def code(answer: Notice) -> str:
    return answer.params.get("code", "")


async def stashes(desk: TestDesk) -> dict[str, Stash]:
    return {stash.name: stash for stash in await desk.engine.store.stashes()}


async def press(desk: TestDesk, asked: Notice) -> Notice:
    assert asked.kind is NoticeKind.CONFIRM, asked
    return await desk.say(asked.actions[0].command)


async def restore(desk: TestDesk, words: str = "") -> Notice:
    return await press(desk, await desk.say(f"/restore {words}"))


async def by_hand(desk: TestDesk, at: str, kind: OrderType = OrderType.TAKE_PROFIT) -> None:
    """An order of nobody here: placed in the broker's own program."""
    limit = kind is OrderType.LIMIT
    request = OrderRequest(
        id=OrderId(str(uuid.uuid4())),
        intent=IntentId("elsewhere"),
        account=TESTING,
        ticker="SBER",
        side=Side.BUY,
        type=kind,
        quantity=Quantity(D(10)),
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(),
        price=Price(D(at)) if limit else None,
        stop_price=None if limit else Price(D(at)),
    )
    await desk.broker().place(ApprovedOrder(request, desk.now))
    await desk.settle()


async def test_a_stash_keeps_everything_and_touches_nothing(desk: TestDesk) -> None:
    """Side, type, size, prices and the moment it ends."""
    ends = desk.now + timedelta(minutes=120)
    assert (await desk.say("/stash")).params["count"] == "3"
    [stash] = (await stashes(desk)).values()
    assert [(t.quantity, t.stop_price, t.price, t.expires_at) for t in stash.traps] == [
        (D(1760), D(170), D(170), ends), (D(1870), D(160), D(160), ends), (D(2000), D(150), D(150), ends),
    ]  # fmt: skip
    assert {(t.side, t.type) for t in stash.traps} == {(Side.BUY, OrderType.TAKE_PROFIT)}
    assert await desk.at_broker() == STANDING


async def test_tm_49_a_second_stash_replaces_the_first(desk: TestDesk) -> None:
    """Of its name; one of another name stands beside it."""
    await desk.say("/stash")
    await desk.say("/stash monday")
    await desk.say("/cancel")
    await by_hand(desk, "120")
    await desk.say("/stash")
    assert {name: len(stash.traps) for name, stash in (await stashes(desk)).items()} == {"usual": 1, "monday": 3}


async def test_tm_50_an_empty_broker_keeps_the_old_stash(desk: TestDesk) -> None:
    """Said so, and not a row is lost."""
    await desk.say("/stash")
    await desk.say("/cancel")
    assert code(await desk.say("/stash")) == "nothing_to_stash"
    assert len((await stashes(desk))["usual"].traps) == 3


async def test_tm_51_a_restore_brings_each_order_back(desk: TestDesk) -> None:
    """With type, prices, size, side and end; what is not in the stash goes."""
    await desk.say("/stash")
    await desk.say("/cancel")
    await by_hand(desk, "120")
    answer = await restore(desk)
    assert (answer.key, answer.params["done"]) == ("command.traps_placed", "3")
    assert await desk.at_broker() == STANDING
    assert {t.expires_at for t in await desk.broker().stop_orders()} == {desk.now + timedelta(minutes=120)}


async def test_a_restore_shows_what_it_would_do_and_waits_for_a_press(desk: TestDesk) -> None:
    """Placed, kept, cancelled and left out, by number and by name; nothing has changed before."""
    await desk.say("/stash")
    [first, *_] = desk.live()
    await desk.engine.desk.cancel(first.id)
    await by_hand(desk, "120")
    asked = await desk.say("/restore")
    numbers = {name: asked.params[name] for name in ("place", "kept", "gone", "passed")}
    assert numbers == {"place": "1", "kept": "2", "gone": "1", "passed": "0"}
    assert {line.key for line in asked.lines} == {"command.restore_gone", "command.restore_place"}
    assert len(await desk.at_broker()) == 3
    await press(desk, asked)
    assert await desk.at_broker() == STANDING


async def test_what_stood_before_a_restore_can_be_had_back(desk: TestDesk) -> None:
    """It is a stash of its own, on disk before anything is cancelled."""
    await desk.say("/stash")
    await desk.say("/cancel")
    await by_hand(desk, "120")
    await restore(desk)
    await restore(desk, "undo")
    assert await desk.at_broker() == ["buy take_profit 10 120"]


async def test_a_restore_twice_does_nothing_more(desk: TestDesk) -> None:
    """All of it stands: no press, no order."""
    await desk.say("/stash")
    assert (await desk.say("/restore")).key == "command.restored_already"
    assert len(await desk.orders()) == 3


async def test_tm_52_a_restore_without_a_stash_touches_nothing(desk: TestDesk) -> None:
    """Said so."""
    assert code(await desk.say("/restore")) == "nothing_stashed"
    assert code(await desk.say("/restore monday")) == "nothing_stashed"
    assert await desk.at_broker() == STANDING


async def test_working_limit_orders_are_neither_stashed_nor_cancelled(desk: TestDesk) -> None:
    """Ours and others'."""
    await desk.say("/stash")
    await desk.say("/cancel")
    await desk.say("/buy 10 GAZP")
    await by_hand(desk, "199", OrderType.LIMIT)
    await by_hand(desk, "120")
    before = [line for line in await desk.at_broker() if " limit " in line]
    await restore(desk)
    assert [line for line in await desk.at_broker() if " limit " in line] == before
    assert len(before) == 2


async def test_stops_of_managed_positions_are_neither_stashed_nor_cancelled(desk: TestDesk) -> None:
    """An entry with stop and target stands beside the traps."""
    await desk.enter()
    assert (await desk.say("/stash")).params["count"] == "3"
    await by_hand(desk, "120")
    await restore(desk)
    assert "sell stop 1000 39800" in await desk.at_broker()
    assert desk.position.protected_by == "broker"


async def test_levels_that_the_price_has_passed_are_left_out(desk: TestDesk) -> None:
    """By default; `all` behind the name places them too."""
    await desk.say("/stash")
    await desk.say("/cancel")
    await desk.book_of("SBER", "165", "165")
    asked = await desk.say("/restore")
    assert (asked.params["place"], asked.params["passed"]) == ("2", "1")
    await press(desk, asked)
    assert await desk.at_broker() == STANDING[1:]
    assert await desk.holds() == {}
    await restore(desk, "usual all")
    assert await desk.holds() == {"SBER": D(1000)}


async def test_w_15_an_end_that_has_come_is_no_end(desk: TestDesk) -> None:
    """A stash brought back the next day stands until it is cancelled."""
    await desk.say("/stash")
    await desk.clock.advance(86400)
    await desk.settle()
    assert await desk.at_broker() == []
    await desk.book_of("SBER", "200", "200")
    await restore(desk)
    assert {t.expires_at for t in await desk.broker().stop_orders()} == {None}


async def test_w_15_a_ticker_that_nobody_knows_keeps_no_other_back(desk: TestDesk) -> None:
    """Left out by name."""
    await desk.say("/stash")
    [stash] = await desk.engine.store.stashes()
    gone = replace(stash.traps[0], ticker="GONE")
    await desk.engine.store.save(StashSet(replace(stash, traps=(gone, *stash.traps))))
    await desk.say("/cancel")
    asked = await desk.say("/restore")
    assert (asked.params["unpriced"], asked.params["place"]) == ("1", "3")
    assert (await press(desk, asked)).params["done"] == "3"


async def test_a_stash_is_by_account_and_name(tmp_path: Path) -> None:
    """In any case of letters."""
    async with opened(
        tmp_path, account={"cash": "100000000"}, more_accounts=[{"name": "Other", "broker": "paper"}]
    ) as desk:
        await desk.book_of("SBER", "200", "200")
        await desk.say("/nuke SBER 100000 @Testing")
        await desk.say("/stash Monday @Testing")
        assert code(await desk.say("/restore monday @Other")) == "nothing_stashed"
        assert (await desk.say("/restore MONDAY @Testing")).params["name"] == "Monday"


def test_tm_53_a_bond_is_posted_in_percent() -> None:
    """Told as 950 of 1000 money, it is 95 here, and 95 points on the way out."""
    one = Quantity(D(1))
    bond = Instrument("OFZ", "MOEX", InstrumentKind.BOND, "RUB", one, D("0.01"), one, D(10), broker_key="uid")
    told = translate.price({"units": "950", "nano": 0, "currency": "rub"}, bond)
    assert told == D(95)
    request = OrderRequest(
        id=OrderId("id"), intent=IntentId("x"), account=TESTING, ticker="OFZ", side=Side.BUY,
        type=OrderType.TAKE_PROFIT, quantity=one, role=OrderRole.TASK, purpose=Purpose.TRAP, because=(),
        price=told, stop_price=told,
    )  # fmt: skip
    body = translate.stop_body(request, bond, "account", margin=False)
    assert (body["stopPrice"], body["price"]) == ({"units": "95", "nano": 0}, {"units": "95", "nano": 0})
    assert body["priceType"] == "PRICE_TYPE_POINT"


async def test_a_task_tells_what_came_of_it(desk: TestDesk) -> None:
    """Orders, not pieces."""
    await desk.say("/stash")
    await desk.say("/cancel")
    await restore(desk)
    [told] = [n for n in await desk.notices("task.done_orders") if n.params["title"] == "restore"]
    assert (told.params["done"], told.params["asked"]) == ("3", "3")
    assert (await desk.engine.store.tasks(1)).items[0].state is TaskState.DONE
