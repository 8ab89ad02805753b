"""A whole desk on Angel One: what an alert becomes there, and what the venue's trouble makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.orders import OrderRole, OrderState
from tests.brokers.angelone.house import House, trading
from tests.brokers.wired import until
from tests.hurried import Hurried
from tests.servers.angelone import AngelOneServer
from tests.servers.broker import hosting
from texts import render


@pytest.fixture
async def house(tmp_path: Path, server: AngelOneServer, clock: Hurried) -> AsyncIterator[House]:
    async with trading(tmp_path / "d", server, clock) as house:
        await house.book("299.99", "300.00")
        yield house


async def protected(house: House) -> None:
    await until(lambda: house.protected_by() == "broker")


async def test_ao_14_an_alert_is_one_marketable_limit_and_a_stop_at_the_broker(house: House) -> None:
    """At market is forbidden to programs: a percent through the book; the stop follows the fill."""
    await house.enter()
    await protected(house)
    entry, stop = house.server.bodies
    assert (entry["ordertype"], entry["price"], entry["duration"]) == ("LIMIT", "303", "DAY")
    assert (stop["ordertype"], stop["triggerprice"]) == ("STOPLOSS_LIMIT", "285")
    assert entry["quantity"] == stop["quantity"]


async def test_a_stop_that_fires_ends_the_position(house: House) -> None:
    """The market falls through it: flat on both sides, and nothing is left to work."""
    await house.enter()
    await protected(house)
    await house.book("284.90", "284.95")
    await until(lambda: house.position is None)
    [stop] = await house.orders(OrderRole.STOP)
    assert (stop.state, stop.filled) == (OrderState.FILLED, stop.request.quantity)
    assert house.at_broker() == []


async def test_a_stop_that_a_gap_leaves_behind_is_left_by_the_desk(house: House) -> None:
    """The market opens under the stop's limit: after five seconds the desk closes the position itself."""
    await house.enter()
    await protected(house)
    await house.book("250.00", "250.05")
    await house.book("249.95", "250.00")
    await until(lambda: house.position is None)
    assert house.server.venue.ledger.holdings() == []
    assert [order.state for order in await house.orders(OrderRole.EXIT)] == [OrderState.FILLED]


async def test_ao_25_a_rejected_stop_is_told_and_tried_again(house: House) -> None:
    """Refused once by the venue: a notice, another try, and it stands."""
    house.server.faults.extend([("", 0.0), ("refuse", 0.0)])
    await house.enter()
    await protected(house)
    assert [order.state for order in await house.orders(OrderRole.STOP)] == [OrderState.REJECTED, OrderState.OPEN]
    assert len(await house.notices("order.rejected")) == 1


async def test_ao_25_tries_are_bounded_and_then_people_are_called(house: House) -> None:
    """The venue takes no stop: two tries, then an alarm; until it does, the desk watches the level itself."""
    house.server.faults.extend([("", 0.0), *[("refuse", 0.0)] * 8])
    await house.enter()
    await until(lambda: house.protected_by() == "desk")
    await until(lambda: len(house.server.faults) == 6)
    assert len(await house.orders(OrderRole.STOP)) == 2
    assert (await house.told("position.unprotected")).critical


async def test_an_address_that_is_not_registered_is_explained(house: House) -> None:
    """Nothing is held; people read what to do."""
    house.server.elsewhere = True
    await house.enter()
    notice = await house.told("order.rejected")
    assert "add this machine's to the app at smartapi.angelone.in" in render(notice.key, notice.params)
    assert (house.position, house.server.made()) == (None, [])


async def test_ao_26_what_is_filled_is_protected_and_the_rest_when_it_comes(house: House) -> None:
    """60 of the entry's pieces, then all of them: the stop at the broker is for what is held."""
    await house.book("299.99", "300.00", ask_size="60")
    await house.enter(limit=True)
    await until(lambda: house.stopped_for() == [Decimal(60)])
    await house.book("299.99", "300.00")
    [entry] = await house.orders(OrderRole.ENTRY)
    await until(lambda: house.stopped_for() == [entry.request.quantity])
    assert house.position is not None
    assert house.position.quantity == entry.request.quantity


async def test_ao_27_outages_are_waited_out_under_the_same_tag(house: House) -> None:
    """A way out meets three of them: one tag, one order, one fill."""
    await house.enter()
    await protected(house)
    house.server.script("too_many_requests", 3)
    await house.book("250.00", "250.05")
    await house.book("249.95", "250.00")
    await until(lambda: house.position is None)
    requests = [line["client_id"] for line in house.server.lines() if line["kind"] == "request"]
    assert requests[2:] == [requests[2]] * 4
    assert house.server.made().count(requests[2]) == 1
    assert [order.state for order in await house.orders(OrderRole.EXIT)] == [OrderState.FILLED]


async def test_lost_answers_are_found_by_their_tags(house: House) -> None:
    """The entry's answer is lost, then its stop's: each is there once, and nothing was sent again."""
    house.server.script("accept_then_drop", 2)
    await house.enter()
    await protected(house)
    assert len(house.server.made()) == len(set(house.server.made())) == 2
    assert house.server.calls["placeOrder"] == 2


async def test_an_order_that_never_arrived_is_not_sent_again(house: House) -> None:
    """Asked about for a quarter of a minute; then people are told, and decide."""
    house.server.script("drop")
    await house.enter()
    await house.told("order.unknown")
    assert house.server.calls["placeOrder"] == 1
    [entry] = await house.orders(OrderRole.ENTRY)
    assert entry.state is OrderState.UNKNOWN


async def test_a_restart_over_night_finds_a_session_of_the_day(tmp_path: Path, server: AngelOneServer) -> None:
    """The desk is down while the session dies; what it holds is protected again with the new one."""
    clock = Hurried()
    server.clock = clock
    async with trading(tmp_path / "d", server, clock) as house:
        await house.book("299.99", "300.00")
        await house.enter()
        await protected(house)
    server.end_sessions()
    async with trading(tmp_path / "d", server, clock) as house:
        await protected(house)
    assert len(server.made()) == 2


async def test_ao_32_the_day_ends_before_the_venue_ends_it(tmp_path: Path) -> None:
    """15:29 in India: what is not in profit is sold, once, and a report says so."""
    clock = Hurried(datetime(2026, 11, 18, 9, 58, 20, tzinfo=UTC), 30)
    server = AngelOneServer(tmp_path / "ledger", clock)
    async with hosting(server), trading(tmp_path / "d", server, clock, end_of_day={"at": "15:29"}) as house:
        await house.book("299.99", "300.00", ticker="GAZP")
        await house.enter("GAZP")
        await protected(house)
        await until(lambda: house.position is None)
        [report] = (await house.engine.store.reports(10)).items
        assert house.server.venue.ledger.holdings() == []
        assert len(await house.orders(OrderRole.EXIT)) == 1
        assert [(row.symbol, row.kept) for row in report.positions] == [("GAZP", False)]
