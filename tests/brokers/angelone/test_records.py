"""Books with rows in them that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from brokers.angelone import translate
from core.values.errors import Transient
from core.values.fills import Fill
from core.values.orders import OrderState, OrderTicket, Side
from tests.brokers.angelone.harness import AngelOneHarness, connected
from tests.brokers.wired import reading, until
from tests.contracts.broker import Desk
from tests.hurried import TEN, Hurried
from tests.servers import angelone_json as say
from tests.servers.angelone import AngelOneServer

FOREIGN = {
    "orderid": "77",
    "uniqueorderid": "u77",
    "ordertag": "mine",
    "exchange": "NSE",
    "tradingsymbol": "SBER-EQ",
    "transactiontype": "BUY",
    "ordertype": "LIMIT",
    "quantity": "10",
    "filledshares": "10",
    "orderstatus": "complete",
}
TRADE = {**FOREIGN, "ordertag": None, "fillid": "1", "fillsize": "10", "fillprice": "300", "filltime": "09:30:00"}


def executions(server: AngelOneServer) -> list[dict[str, Any]]:
    rows = [(fill, server.venue._rows[fill.broker_id]) for fill in server.venue.fills if fill.broker_id]
    return [say.trade(fill, server._instrument(row), server.number(row)) for fill, row in rows]


@pytest.mark.parametrize(
    "wrong", [{"quantity": "ten"}, {"filledshares": "ten"}, {"transactiontype": "?"}, {"updatetime": "noon"}]
)
async def test_an_unreadable_order_of_others_hides_nothing(
    server: AngelOneServer, clock: Hurried, caplog: pytest.LogCaptureFixture, wrong: Mapping[str, str]
) -> None:
    """There when the desk starts and all day: orders of ours are told, and it is said once."""
    server._kept["77"] = {**FOREIGN, **wrong}
    with caplog.at_level(logging.WARNING):
        async with connected(server, clock) as harness, reading(harness) as told:
            desk = Desk(harness)
            await desk.book(0, 1)
            order, _ = await desk.buy(5, price=3)
            await until(lambda: [e for e in told if isinstance(e, OrderTicket) and e.state is OrderState.FILLED])
            assert await harness.broker.open_orders() == []
    assert {event.order_id for event in told} == {order.id}
    assert [record.message for record in caplog.records] == ["unreadable row"]


@pytest.mark.parametrize("row", [{}, {"orderid": None, "quantity": "ten"}, None, "row"])
async def test_a_row_that_is_none_hides_nothing(desk: Desk, server: AngelOneServer, row: object) -> None:
    """Without a number, or nothing like an order."""
    order, _ = await desk.buy(5, price=-2)
    server.canned["getOrderBook"] = [row, *map(server.told_of, server.working())]
    assert [ticket.order_id for ticket in await desk.on.broker.open_orders()] == [order.id]


async def test_an_unreadable_order_of_ours_is_no_answer(desk: Desk, server: AngelOneServer) -> None:
    """What is ours is never left out."""
    await desk.buy(5, price=-2)
    [row] = map(server.told_of, server.working())
    server.canned["getOrderBook"] = [{**row, "quantity": "ten"}]
    with pytest.raises(Transient, match="unreadable"):
        await desk.on.broker.open_orders()


async def test_an_execution_is_told_once_the_books_can_be_read(
    harness: AngelOneHarness, server: AngelOneServer
) -> None:
    """A row of ours cannot be read while another order fills: nothing is told then, and all of it later."""
    desk = Desk(harness)
    await desk.book(0, 1)
    ours = translate.tag_of(desk.request(Side.BUY, 1, 0).id)
    async with reading(harness) as told:
        server._kept["77"] = {**FOREIGN, "ordertag": ours, "quantity": "ten"}
        order, _ = await desk.buy(5, price=3)
        before = server.calls["getOrderBook"]
        await until(lambda: server.calls["getOrderBook"] > before + 2)
        assert told == []
        del server._kept["77"]
        await until(lambda: [e for e in told if isinstance(e, Fill)])
        await until(lambda: [e for e in told if isinstance(e, OrderTicket)])
    assert [(f.order_id, f.quantity) for f in told if isinstance(f, Fill)] == [(order.id, desk.pieces(5))]


@pytest.mark.parametrize("row", [{**TRADE, "fillprice": "?"}, {**TRADE, "filltime": None}, {}, None])
async def test_an_unreadable_execution_of_others_hides_nothing(desk: Desk, server: AngelOneServer, row: object) -> None:
    """What was executed for us is told."""
    order, _ = await desk.buy(5, price=3)
    server.canned["getTradeBook"] = [row, *executions(server)]
    assert [fill.order_id for fill in await desk.on.broker.fills_since(TEN)] == [order.id]


async def test_an_unreadable_execution_of_ours_is_no_answer(desk: Desk, server: AngelOneServer) -> None:
    """It has no tag of its own: whose it is, its order tells."""
    await desk.buy(5, price=3)
    server.canned["getTradeBook"] = [{**row, "fillprice": "?"} for row in executions(server)]
    with pytest.raises(Transient, match="unreadable"):
        await desk.on.broker.fills_since(TEN)
