"""What a day earned so far: the same whether it was watched or is read afterwards."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.services.today import Day, Today
from core.values.ids import UserId
from core.values.orders import Side
from core.values.people import Person, Role
from tests.desk import OWNER, TestDesk, opened

D = Decimal
ANN = Person(UserId("ann"), "ann", Role.TRADER)


async def both(desk: TestDesk, watched: Day) -> Today:
    """What was watched, which is what the journal says."""
    found = await watched.of(OWNER)
    assert found == await Day(desk.engine.desk).of(OWNER)
    return found


@pytest.mark.parametrize("fee", ["0", "0.1"])
async def test_watched_or_read_afterwards_it_is_the_same(data_dir: Path, fee: str) -> None:
    """Bought, closed higher, sold, closed higher, and by hand in between: after every step both ways agree."""
    async with opened(data_dir, account={"fee_percent": fee}) as desk:
        watched = Day(desk.engine.desk)
        assert await both(desk, watched) == Today({}, 0)
        await desk.enter()
        await both(desk, watched)
        await desk.book("40100", "40100.5")
        await desk.say("/buy 1 BTCPERP")
        await desk.exit()
        won = await both(desk, watched)
        await desk.book("40000", "40000.5")
        await desk.enter(side=Side.SELL)
        await desk.book("40050", "40050.5")
        await desk.exit()
        lost = await both(desk, watched)
    [gain], [after] = won.gained.values(), lost.gained.values()
    assert gain is not None
    assert after is not None
    assert after < gain
    assert (fee == "0") is (gain > 20)
    assert lost.fills >= 4


async def test_what_was_opened_yesterday_counts_when_it_is_closed(data_dir: Path) -> None:
    """At its cost, and all of it today; yesterday's fill is yesterday's."""
    async with opened(data_dir) as desk:
        await desk.enter()
        [bought] = await desk.fills()
    async with opened(data_dir, later=timedelta(days=1)) as desk:
        watched = Day(desk.engine.desk)
        assert await both(desk, watched) == Today({}, 0)
        await desk.book("40100", "40100.5")
        await desk.exit()
        sold = (await desk.fills())[-1]
        found = await both(desk, watched)
    assert found.fills == 1
    assert list(found.gained.values()) == [(sold.price - bought.price) * bought.quantity]


async def test_a_new_day_begins_with_nothing(desk: TestDesk) -> None:
    """Also for who watches on."""
    watched = Day(desk.engine.desk)
    await desk.enter()
    await desk.exit()
    assert (await both(desk, watched)).fills == 2
    await desk.clock.advance(timedelta(days=1).total_seconds())
    assert await both(desk, watched) == Today({}, 0)


async def test_everybody_sees_their_own(desk: TestDesk) -> None:
    """Ann has earned nothing by the owner's trades."""
    watched = Day(desk.engine.desk)
    await desk.enter()
    assert await watched.of(ANN) == Today({}, 0)
