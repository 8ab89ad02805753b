"""From the start of a killed desk to READY, with 100 open orders of its own at a broker on loopback.

The broker is a process of its own (tests/servers/broker.py) and answers at once; each restart asks it for every order.
Target: p99 under 5 s.

    python -m benchmarks.restart
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from decimal import Decimal
from pathlib import Path

from core.services.desk import Desk
from core.values.ids import AccountName, IntentId, OrderId, derive_id
from core.values.money import Price, Quantity
from core.values.orders import Cause, CauseKind, Order, OrderRequest, OrderRole, OrderType, Purpose, Side
from openoutcry.parts import Mood, open_house
from openoutcry.settings import load_settings
from openoutcry.venues import FACTORIES
from tests.crashes.dialects import account_of
from tests.crashes.rig import PRICES, Rig
from tests.wire import open_wire

ORDERS = 100
RESTARTS = 10
TARGET_S = 5.0


async def fill_the_book(rig: Rig) -> None:
    """Leave ORDERS buy orders resting at the broker and in the journal."""
    settings = load_settings(
        None,
        desk={"data_dir": rig.data_dir, "mode": "live"},
        server={"port": 0, "api_token": "test-token"},
        accounts=(account_of(rig.broker.dialect, rig.broker.url),),
    )
    async with open_house(settings, Mood(live=True), factories={**FACTORIES, "tinvest": open_wire}) as house:
        for number in range(ORDERS):
            [order] = _made(await house.desk.intend(_order(house.desk, number)))
            await house.desk.send(order.id)


def _made(orders: object) -> tuple[Order, ...]:
    assert isinstance(orders, tuple), orders
    return orders


def _order(desk: Desk, number: int) -> OrderRequest:
    """Ten pieces of a share below its market, each a tick lower."""
    return OrderRequest(
        id=OrderId(derive_id(desk.desk_id, "benchmark", str(number))),
        intent=IntentId(f"benchmark {number}"),
        account=AccountName("Testing"),
        ticker="SBER",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Quantity(Decimal(10)),
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(Cause(CauseKind.PERSON, "benchmark"),),
        price=Price(PRICES["SBER"] - 1 - number * Decimal("0.01")),
    )


def measure() -> dict[str, float]:
    """Seconds from the start of the process to READY: median and p99, which of ten is the worst."""
    with tempfile.TemporaryDirectory() as directory:
        rig = Rig(Path(directory))
        try:
            asyncio.run(fill_the_book(rig))
            times = []
            for _ in range(RESTARTS):
                times.append(rig.start().ready_s)
                assert sum(order["state"] == "OPEN" for order in rig.desk.items("orders")) == ORDERS
                rig.kill()
        finally:
            rig.close()
    found = {"p50": statistics.median(times), "p99": max(times)}
    print(
        f"restart to READY with {ORDERS} open orders: p50 {found['p50']:.2f} s, p99 (worst of {RESTARTS}) "
        f"{found['p99']:.2f} s (target {TARGET_S:.0f})"
    )
    return found


if __name__ == "__main__":
    measure()
