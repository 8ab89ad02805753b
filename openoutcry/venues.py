"""Accounts, each with its broker and the feed that prices it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import brokers.paper
from brokers.paper.market import BuiltInMarket
from core.ports import BrokerFactory, Clock, World
from core.services.desk import Desk, Venue
from core.values.accounts import Account, Mode
from core.values.ids import AccountName
from openoutcry.settings import Settings, SettingsError

FACTORIES: Mapping[str, BrokerFactory] = {"paper": brokers.paper.open_broker}
"""Every broker there is, by the word that `broker =` takes."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def open_market(settings: Settings, clock: Clock, wire: Clock, stack: AsyncExitStack) -> BuiltInMarket:
    if settings.market.feed != "demo":
        raise SettingsError(f"market.feed: account {settings.market.feed!r} cannot be a feed yet; use demo")
    try:
        market = BuiltInMarket(
            settings.market.seed, settings.market.still, clock, wire, settings.market.prices, settings.market.hours
        )
    except ValueError as error:
        raise SettingsError(f"market.prices: {error}") from None
    await market.start()
    stack.push_async_callback(market.close)
    return market


async def open_venues(
    settings: Settings,
    desk: Desk,
    market: BuiltInMarket,
    stack: AsyncExitStack,
    *,
    live: bool,
    factories: Mapping[str, BrokerFactory] = FACTORIES,
) -> None:
    """Connect every account. Without --live each trades on paper, whatever its broker."""
    for section in settings.accounts:
        values = section.model_dump()
        kind = section.broker if live or section.broker in factories else "paper"
        account = Account(
            name=AccountName(section.name),
            broker=section.broker,
            mode=Mode.LIVE if live and section.broker != "paper" else Mode.PAPER,
            currency=str(values.get("currency", "RUB")),
            risk_percent=section.risk_percent,
            leverage_max=section.leverage_max,
        )
        if kind not in factories:
            raise SettingsError(f"accounts: {section.name}: broker {section.broker!r} cannot trade live yet")
        orders = desk.ledger.live(account.name)
        fills = await desk.store.fills_since(EVER, account.name)
        world = World(desk.clock, desk.wire, market, orders, fills)
        broker = factories[kind](account, values, world)
        await broker.start()
        stack.push_async_callback(broker.close)
        desk.directory.put(account, await broker.instruments())
        feed = getattr(broker, "feed", market)  # a broker that tells prices of its own has a feed
        desk.venues[account.name] = Venue(account, broker, feed)
