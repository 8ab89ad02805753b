"""The hub's alerts and the links that name their strategy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.services.hub import Hub
from core.services.hub_links import HubLinks
from core.values.alerts import AlertStatus
from core.values.money import Price
from core.values.orders import Refused
from core.values.raw import RawAlert
from tests.desk import OWNER, TESTING, TestDesk
from webhook_receiver.dialect_hub import as_alert

LINK = {"name": "Trend", "account": TESTING, "strategy": "LWMA", "stop_loss": "2", "quantity": "0.1"}


@pytest.fixture
def hub(desk: TestDesk) -> Hub:
    made = Hub(desk.engine.store, lambda: desk.now, desk.wire)
    made.on_kept = HubLinks(desk.engine.intake, desk.engine.office.links).take
    return made


def raw(desk: TestDesk, **changes: Any) -> RawAlert:
    known: dict[str, Any] = {
        "number": 7, "name": "LWMA", "symbol": "BYBIT:BTCPERP", "interval": 15, "direction": "BUY",
        "price": Price(Decimal(40000)), "sent_at": desk.now, "utcoffset": 0,
    }  # fmt: skip
    return RawAlert(**known | changes)


async def tell(desk: TestDesk, hub: Hub, **changes: Any) -> None:
    told = raw(desk, **changes)
    await hub.publish(as_alert(told, received_at=desk.now, body=told.to_json()), told)
    await desk.settle()


async def test_no_link_no_trade(desk: TestDesk, hub: Hub) -> None:
    """The hub keeps and tells, and that is all."""
    await tell(desk, hub)
    assert await desk.orders() == []
    assert len((await desk.engine.store.alerts(10)).items) == 1


async def test_a_link_of_the_strategy_trades_once(desk: TestDesk, hub: Hub) -> None:
    """However often the alert is told; a close closes it."""
    link = await desk.engine.office.links.create(LINK, OWNER)
    assert not isinstance(link, Refused)
    for _ in range(3):
        await tell(desk, hub)
    assert [(view.position.book, view.position.quantity) for view in desk.positions()] == [
        (link[0].book, Decimal("0.1")),
    ]  # fmt: skip
    await tell(desk, hub, name="another", direction="CLOSE")
    assert len(desk.positions()) == 1
    await tell(desk, hub, direction="CLOSE ENTRY(S) ORDER LONG")
    assert desk.positions() == []


async def test_a_paused_link_or_bot_keeps_the_alert(desk: TestDesk, hub: Hub) -> None:
    """And ignores it."""
    made = await desk.engine.office.links.create(LINK | {"running": False}, OWNER)
    assert not isinstance(made, Refused)
    await tell(desk, hub)
    await desk.engine.office.links.run(made[0].id, OWNER, running=True)
    await desk.engine.office.bots.switch(OWNER, running=False)
    await tell(desk, hub, interval=5)
    rows = (await desk.engine.store.alerts(10)).items
    assert [(row.status, row.reason) for row in rows if row.alert.link] == [
        (AlertStatus.IGNORED, "bot_stopped"), (AlertStatus.IGNORED, "link_paused"),
    ]  # fmt: skip
    assert await desk.orders() == []
