"""What must not be overlooked: after a long absence, on a busy day, beside other books, in what is listed no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.ccxt.client import asking
from core.clock import SystemClock
from core.values.errors import Transient
from core.values.fills import Fill
from core.values.ids import FillId, IntentId
from core.values.orders import OrderState, OrderType, Side
from tests.brokers.ccxt.harness import CcxtHarness, Hasty, connected
from tests.brokers.ccxt.test_guard import entry, lately, stop_of
from tests.brokers.ccxt.test_proofs import library
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.servers import venue_binance, venue_bybit
from tests.servers.broker import hosting
from tests.servers.venue import No, VenueServer

WEEK_MS = 7 * 24 * 3600 * 1000


class Movable(SystemClock):
    """Real time, and so much later."""

    later = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.later


class OneWeek(venue_bybit.Server):
    """Tells of the seven days after the moment that it is asked for, as the venue's documents say."""

    async def on_executions(self, query: Mapping[str, str]) -> Any:
        told = await super().on_executions(query)
        end = int(query["startTime"]) + WEEK_MS
        return {**told, "list": [row for row in told["list"] if int(row["execTime"]) < end]}


class Pages(venue_binance.Server):
    """Tells no more at once than it is asked for, and takes a number to go on from, but not with a time."""

    async def on_trades(self, query: Mapping[str, str]) -> Any:
        assert ("startTime" in query) is not ("fromId" in query)
        rows = await super().on_trades(query)
        first = int(query.get("fromId") or 0)
        return [row for row in rows if row["id"] >= first][: int(query["limit"])]


class Forgetful(venue_binance.Server):
    """Has never heard of bitcoin when it is asked for executions."""

    async def on_trades(self, query: Mapping[str, str]) -> Any:
        if query["symbol"] == self.btc:
            raise No(400, -1121, "Invalid symbol.")
        return await super().on_trades(query)


async def test_executions_of_weeks_ago_are_found(tmp_path: Path) -> None:
    """Bybit answers a week at a time: every week since then is asked for, and each execution told once."""
    server = OneWeek(tmp_path / "ledger")
    async with hosting(server), connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        orders = [(await desk.buy(5, price=3))[0].id for _ in range(3)]
        for place, days in enumerate((16, 5)):
            fill = server.venue.fills[place]
            server.venue.fills[place] = replace(fill, at=fill.at - timedelta(days=days))
        told = await harness.broker.fills_since(lately(desk) - timedelta(days=20))
        assert [fill.order_id for fill in told] == orders


async def test_more_executions_than_a_page_are_all_found(tmp_path: Path) -> None:
    """Binance tells a thousand at once, the oldest first."""
    server = Pages(tmp_path / "ledger")
    async with hosting(server), connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=3)
        [fill] = server.venue.fills
        server.venue.fills.extend(replace(fill, id=FillId(f"more-{n}")) for n in range(1100))
        told = await harness.broker.fills_since(lately(desk))
        assert len({fill.id for fill in told}) == len(told) == 1101


async def test_a_symbol_that_the_venue_forgot_hides_no_other(tmp_path: Path) -> None:
    """Binance is asked symbol by symbol, and refuses one that it has no more."""
    server = Forgetful(tmp_path / "ledger")
    async with hosting(server), connected(server) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.buy(5, price=3)
        ether = next(i for i in await harness.broker.instruments() if i.ticker == server.eth)
        beside = Desk(replace(harness, instrument=ether, price=Decimal(3200)))
        await beside.book(0, 1)
        order, _ = await beside.buy(50, price=3)
        assert [fill.order_id for fill in await harness.broker.fills_since(lately(desk))] == [order.id]


async def test_what_vanished_from_the_list_hides_nothing(server: VenueServer) -> None:
    """A symbol that the venue names no more at the next look, while an order of ours stands there and another was
    executed: both are found, and the sweeps go on."""
    clock = Movable()
    async with connected(server, clock=clock) as harness:
        desk = Desk(harness)
        await desk.book(0, 1)
        done, _ = await desk.buy(5, price=3)
        stands, _ = await desk.buy(5, price=-2)
        since = lately(desk)
        del server.instruments[server.btc]
        clock.later = timedelta(days=1)
        assert [i.ticker for i in await harness.broker.instruments()] == [server.eth]
        assert (await desk.find(stands)).state is OrderState.OPEN
        assert [fill.order_id for fill in await harness.broker.fills_since(since)] == [done.id]


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
async def test_an_execution_that_was_held_back_is_told_after_its_time(server: VenueServer) -> None:
    """A riding stop fired and no stop of the desk's asked for it: a sweep still sees it when its minute is over."""
    clock = Movable()
    async with connected(server, wire=Hasty(), clock=clock) as harness, reading(harness) as told:
        desk = Desk(harness)
        await desk.book(0, 1)
        await desk.send(entry(desk))
        await desk.book(-200, -199)
        await harness.settled()
        clock.later = timedelta(seconds=50)
        sweeps = asked(server)
        await until(lambda: asked(server) > sweeps + 2)
        assert [event.side for event in told if isinstance(event, Fill)] == [Side.BUY]
        clock.later = timedelta(seconds=62)
        await until(lambda: [e.side for e in told if isinstance(e, Fill)] == [Side.BUY, Side.SELL])


def asked(server: VenueServer) -> int:
    """How often for executions."""
    return sum(n for path, n in server.calls.items() if path.endswith(("/execution/list", "/trade/fills")))


@pytest.mark.parametrize("exchange", ["bybit", "okx"])
async def test_the_riding_stop_of_another_book_stays(desk: Desk, harness: CcxtHarness) -> None:
    """One trade's own stop stands, the other's does not yet: what rode on that other is all that it has."""
    first = entry(desk)
    other = replace(entry(desk, stop=-200), intent=IntentId("another"), quantity=desk.pieces(3))
    await desk.send(first)
    await desk.send(other)
    await desk.send(stop_of(desk, first))
    before = {(t.stop_price, t.quantity) for t in await harness.broker.stop_orders()}
    own = desk.request(Side.SELL, 3, None, OrderType.STOP, stop=-200)
    await desk.send(own)
    after = await harness.broker.stop_orders()
    assert before == {(desk.at(-100), desk.pieces(5)), (desk.at(-200), desk.pieces(3))}
    assert {(t.stop_price, t.quantity) for t in after} == before
    assert None not in {t.order_id for t in after}


def test_a_symbol_that_the_library_knows_not_is_a_question_without_an_answer() -> None:
    """Its errors outside of a call end no task that asks again and again."""
    with pytest.raises(Transient, match="sweep"), asking("sweep"):
        library("bybit")[0].market("NEVER/USDT:USDT")
