"""A whole desk without doors, on a still market: what the tests of core's services and commands drive."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from brokers.paper.broker import PaperBroker
from core import commands
from core.clock import ManualClock
from core.commands.console import Console
from core.commands.registry import Tools
from core.ports import BrokerFactory
from core.services.portfolio import Portfolio, PositionView
from core.values.accounts import Margin
from core.values.alerts import Alert, AlertKind, AlertRecord, Levels, Source
from core.values.changes import FlagSet
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import AccountName, AlertId, UserId
from core.values.money import Price
from core.values.notices import Notice
from core.values.orders import Order, OrderRole, OrderType, Side
from core.values.people import Person, Role, owner_person
from openoutcry.background import running
from openoutcry.engine import Engine, build, recover
from openoutcry.settings import Settings, load_settings
from openoutcry.venues import FACTORIES

TESTING = AccountName("Testing")
OWNER = owner_person("test")
_STEP_S = 0.5
HANGS_S = 5.0
"""What has not come to rest by then never will: a test that fails is better than one that hangs."""
_NUMBERS = itertools.count(1)


def price(text: str | None) -> Price | None:
    return None if text is None else Price(Decimal(text))


def levels(stop: str | None = None, target: str | None = None, breakeven: str | None = None) -> Levels:
    return Levels(price(stop), price(target), price(breakeven))


def person(role: Role, name: str = "somebody") -> Person:
    return Person(UserId(name), name, role, "test")


def an_alert(kind: AlertKind, at: datetime, **fields: Any) -> Alert:
    """For account Testing and BTCPERP; every one of another body unless `body` is given."""
    known = {"account": TESTING, "body": f'{{"n": {next(_NUMBERS)}}}', "ticker": "BTCPERP", "source": Source.ORDER}
    return Alert(received_at=at, kind=kind, **(known | fields))


@dataclass(slots=True)
class TestDesk:
    """A recovered engine. `settle` returns when all that is going on has come to rest."""

    __test__ = False

    settings: Settings
    engine: Engine
    console: Console
    wire: ManualClock
    listening: bool = True
    told: list[Notice] = field(default_factory=list)

    # doing

    async def say(self, text: str, by: Person = OWNER, call_id: str | None = None) -> Notice:
        """Type a line, let everything come to rest, return the answer."""
        [notice] = await self.console.run(text, by, call_id)
        await self.settle()
        return notice

    async def take(self, alert: Alert) -> AlertRecord:
        """Let an alert in at the door and come to rest; its row afterwards."""
        alert_id = await self.let_in(alert)
        await self.settle()
        return await self.record(alert_id)

    async def let_in(self, alert: Alert) -> AlertId:
        return (await self.engine.intake.accept(alert)).alert_id

    async def enter(self, side: Side = Side.BUY, **fields: Any) -> AlertRecord:
        """An entry at 40000: long with stop 39800 and target 41000, short with 40200 and 39000."""
        known: dict[str, Any] = {
            "sent_at": self.now,
            "price": price("40000"),
            "long": levels("39800", "41000", "40100"),
            "short": levels("40200", "39000", "39900"),
        }
        return await self.take(an_alert(AlertKind.ENTRY, self.now, side=side, **(known | fields)))

    async def limit(self, at: str, **fields: Any) -> AlertRecord:
        return await self.enter(order_type=OrderType.LIMIT, price=price(at), **fields)

    async def exit(self, **fields: Any) -> AlertRecord:
        return await self.take(an_alert(AlertKind.EXIT, self.now, price=price("40000"), **fields))

    async def breakeven(self, **fields: Any) -> AlertRecord:
        known = {"long": levels(breakeven="40100"), "short": levels(breakeven="39900")}
        return await self.take(an_alert(AlertKind.BREAKEVEN, self.now, **(known | fields)))

    async def book(self, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None) -> None:
        await self.book_of("BTCPERP", bid, ask, bid_size, ask_size)

    async def book_of(
        self, ticker: str, bid: str | None, ask: str | None, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        """None for a price: that side is empty."""
        numbers = [None if text is None else Decimal(text) for text in (bid, ask, bid_size, ask_size)]
        self.engine.market.set_book(ticker, *numbers)
        await self.settle()

    async def settle(self) -> None:
        async with asyncio.timeout(HANGS_S):
            while True:
                for venue in self.engine.desk.venues.values() if self.listening else ():
                    assert isinstance(venue.broker, PaperBroker)
                    await venue.broker.settled()
                if not self.engine.lanes.busy:
                    return
                await self.engine.lanes.idle()

    async def wait(self, seconds: float) -> None:
        """Let time pass on the wire (retries, asking again) step by step, the journal keeping up with each."""
        for _ in range(int(seconds / _STEP_S)):
            await self.wire.advance(_STEP_S)
            await self.breathe()

    async def breathe(self) -> None:
        """Let what is ready to go on do so: a few turns of the journal's writer and reader."""
        for number in range(10):
            await self.engine.store.save(FlagSet("breath", str(number)))
            await self.engine.store.flag("breath")
            await turns(3)

    # looking

    @property
    def now(self) -> datetime:
        return self.engine.clock.now()

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.engine.clock, ManualClock)
        return self.engine.clock

    def broker(self, account: str = TESTING) -> PaperBroker:
        broker = self.engine.desk.venues[AccountName(account)].broker
        assert isinstance(broker, PaperBroker)
        return broker

    async def record(self, alert_id: AlertId) -> AlertRecord:
        record = await self.engine.store.alert(alert_id)
        assert record is not None
        return record

    async def orders(self, role: OrderRole | None = None) -> list[Order]:
        """Every order there ever was, oldest first."""
        page = await self.engine.store.orders(1000)
        return [o for o in reversed(page.items) if role is None or o.request.role is role]

    def live(self, role: OrderRole | None = None) -> list[Order]:
        orders = self.engine.desk.ledger.orders.values()
        return [o for o in orders if role is None or o.request.role is role]

    async def at_broker(self, account: str = TESTING) -> list[str]:
        """What works at the broker, as `sell stop 0.5 39800`."""
        broker = self.broker(account)
        tickets = [*await broker.open_orders(), *await broker.stop_orders()]
        return sorted(
            f"{t.side} {t.type} {t.quantity - t.filled:f} {t.stop_price or t.price}".replace(".000", "")
            for t in tickets
        )

    async def holds(self, account: str = TESTING) -> dict[str, Decimal]:
        return {h.ticker: h.quantity for h in await self.broker(account).positions()}

    async def fills(self) -> list[Fill]:
        return list(reversed((await self.engine.store.fills(1000)).items))

    def positions(self) -> list[PositionView]:
        return Portfolio(self.engine.desk, self.engine.guardian).positions(OWNER)

    @property
    def position(self) -> PositionView:
        [view] = self.positions()
        return view

    async def notices(self, key: str | None = None) -> list[Notice]:
        page = await self.engine.store.notices(1000)
        return [n for n in reversed(page.items) if key is None or n.key == key]

    async def refusals(self) -> list[str]:
        return [n.params["code"] for n in await self.notices("refusal.head")]


def settings_for(data_dir: Path, **sections: Any) -> Settings:
    account = {"name": TESTING, "broker": "paper", "cash": "10000"} | sections.pop("account", {})
    more: Sequence[Any] = sections.pop("more_accounts", ())
    known: dict[str, Any] = {
        "desk": {"data_dir": data_dir},
        "market": {"still": True, "prices": {"BTCPERP": "40000"}},
        "accounts": (account, *more),
    }
    return load_settings(None, **(known | sections))


def revoke(broker: PaperBroker) -> None:
    """It takes the account's key no more: no question of money is answered."""

    async def margin() -> Margin:
        raise Rejected("bad_key")

    broker.margin = margin  # type: ignore[method-assign]  # a paper broker knows no keys


@asynccontextmanager
async def opened(
    data_dir: Path,
    *,
    listening: bool = True,
    settled: bool = True,
    later: timedelta = timedelta(0),
    began: datetime | None = None,
    live: bool = False,
    factories: Mapping[str, BrokerFactory] = FACTORIES,
    **sections: Any,
) -> AsyncIterator[TestDesk]:
    """Build, listen, recover, come to rest. listening False: the brokers' events are left to lie. settled False: the
    inbox is not waited for. later: the clocks go ahead. began: the clocks' start, else now."""
    settings = settings_for(data_dir, **sections)
    wire = ManualClock((began or datetime.now(UTC)) + later)
    async with AsyncExitStack() as stack:
        engine = await build(settings, stack, wire=wire, live=live, factories=factories)
        if listening:
            await stack.enter_async_context(engine.reconciler.listening())
        tools = Tools(
            engine.desk,
            engine.execution,
            engine.guardian,
            engine.approvals,
            engine.store,
            lambda: True,
            engine.clock.now,
            engine.supervisor,
            engine.worklist,
            engine.office,
            engine.spreading.pairs,
            engine.spreading.scanner,
            partial(engine.drain.parity.catch_up, engine.intake),
            engine.strategies,
        )
        desk = TestDesk(settings, engine, Console(tools, commands.table()), wire, listening)
        await recover(engine, settings)
        await stack.enter_async_context(running(engine.protection.monitor.run()))
        if settled:
            await desk.settle()
        yield desk


def copy_of(data_dir: Path) -> Path:
    """The data directory as a power cut would leave it just now."""
    copy = data_dir.with_name(data_dir.name + "-copy")
    shutil.copytree(data_dir, copy)
    return copy


async def turns(count: int = 50) -> None:
    """Let ready tasks go on."""
    for _ in range(count):
        await asyncio.sleep(0)
