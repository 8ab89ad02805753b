"""A thousand orders whose answers are lost, through a whole desk: none is doubled, since none is sent twice."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.ids import DeskId, IntentId, OrderId, derive_id
from core.values.money import Price, Quantity, plain
from core.values.orders import Cause, CauseKind, OrderRequest, OrderRole, OrderState, OrderType, Purpose, Refused, Side
from tests.brokers.angelone.house import House, trading
from tests.brokers.wired import until
from tests.desk import TESTING
from tests.hurried import Hurried
from tests.servers.angelone import AngelOneServer
from tests.servers.broker import hosting

HIDDEN = ("accept_then_drop", "accept_then_drop", "accept_then_drop", "accept_then_500", "accept_then_garbage")
AT_ONCE = 10


def order(number: int) -> OrderRequest:
    """One that rests far below the market."""
    return OrderRequest(
        id=OrderId(derive_id(DeskId(7), "proof", str(number))),
        intent=IntentId(str(number)),
        account=TESTING,
        ticker="SBER",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Quantity(Decimal(10)),
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(Cause(CauseKind.PERSON, "proof"),),
        price=Price(Decimal("250.00")),
    )


async def sent(house: House, request: OrderRequest) -> None:
    """This day goes by so quickly that the venue's last quote may be too old by now."""
    async with asyncio.timeout(10):
        while isinstance(said := await house.engine.execution.work(request), Refused):
            assert said.code == "no_quote"
            await house.book("299.99", "300.00")


async def lost(house: House, rng: random.Random, first: int, last: int) -> None:
    """Orders first to last, each answer lost; until the desk knows of each that it is there."""
    requests = [order(number) for number in range(first, last)]
    house.server.faults.extend((rng.choice(HIDDEN), 0.0) for _ in requests)
    await asyncio.gather(*(sent(house, request) for request in requests))
    orders = house.engine.desk.ledger.orders
    await until(lambda: all(orders[request.id].state is OrderState.OPEN for request in requests))


async def lose(path: Path, rounds: int) -> AngelOneServer:
    clock, rng = Hurried(rate=25), random.Random(rounds)
    server = AngelOneServer(path / "ledger", clock)
    async with hosting(server), trading(path / "d", server, clock) as house:
        await house.book("299.99", "300.00")
        for first in range(0, rounds, AT_ONCE):
            await lost(house, rng, first, min(rounds, first + AT_ONCE))
    return server


@pytest.mark.proof
async def test_proof_that_a_lost_answer_doubles_nothing(tmp_path: Path, rounds: int) -> None:
    """Accepted and cut off, answered with a 500 or with half an answer: each is there once."""
    server = await lose(tmp_path, rounds)
    made = server.made()
    assert (len(made), len(set(made)), server.calls["placeOrder"]) == (rounds, rounds, rounds)
    print(f"\n0 doubled of {rounds} orders whose answers were lost: below {plain(Decimal(3) / rounds * 100)} % at 95 %")


async def test_a_lost_answer_doubles_nothing(tmp_path: Path) -> None:
    """The proof's round, twice."""
    made = (await lose(tmp_path, 2 * AT_ONCE)).made()
    assert (len(made), len(set(made))) == (2 * AT_ONCE, 2 * AT_ONCE)
