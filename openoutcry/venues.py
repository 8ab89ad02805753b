"""Accounts, each with its broker and the feed that prices it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import brokers.paper
from brokers.paper.market import BuiltInMarket
from core.ports import Broker, BrokerFactory, Clock, Feed, World
from core.services.desk import Desk, Venue
from core.values.accounts import Account, Mode
from core.values.errors import Broken, Transient
from core.values.ids import AccountName
from kit.retry import retry
from openoutcry.sections import AccountSettings
from openoutcry.settings import Settings, SettingsError


def _tinvest(account: Account, settings: Mapping[str, object], world: World) -> Broker:
    from brokers.tinvest import open_broker  # noqa: PLC0415 - imported only where an account uses it

    return open_broker(account, settings, world)


def _alpaca(account: Account, settings: Mapping[str, object], world: World) -> Broker:
    from brokers.alpaca import open_broker  # noqa: PLC0415 - as above

    return open_broker(account, settings, world)


def _angelone(account: Account, settings: Mapping[str, object], world: World) -> Broker:
    from brokers.angelone import open_broker  # noqa: PLC0415 - imported only where an account uses it

    return open_broker(account, settings, world)


def _ccxt(account: Account, settings: Mapping[str, object], world: World) -> Broker:
    from brokers.ccxt import open_broker  # noqa: PLC0415 - imported only where an account uses it

    return open_broker(account, settings, world)


FACTORIES: Mapping[str, BrokerFactory] = {
    "paper": brokers.paper.open_broker,
    "tinvest": _tinvest,
    "alpaca": _alpaca,
    "angelone": _angelone,
    "ccxt": _ccxt,
}
"""Every broker there is, by the word that `broker =` takes."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
START_TRIES = 8
"""A broker that is away at start is tried again for about a minute; then the process ends, to be started anew."""


async def open_market(settings: Settings, clock: Clock, wire: Clock, stack: AsyncExitStack) -> BuiltInMarket:
    """The built-in market. It moves only where it is the feed."""
    try:
        market = BuiltInMarket(
            settings.market.seed, settings.market.still, clock, wire, settings.market.prices, settings.market.hours
        )
    except ValueError as error:
        raise SettingsError(f"market.prices: {error}") from None
    if settings.market.feed == "demo":
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
) -> Feed:
    """Connect every account. Without --live each trades on paper, whatever its broker. Returns what those trade on."""
    teller = await _teller(settings, desk, stack, live=live, factories=factories)
    feed: Feed = market if teller is None else _feed_of(teller)
    for section in settings.accounts:
        account = account_of(section, live=live)
        if teller is not None and teller.account == account.name and live:
            broker = teller
        else:
            broker = made(section, account, await world_of(desk, account, feed), factories)
            await _start(broker, desk, stack)
        desk.directory.put(account, await broker.instruments())
        own = getattr(broker, "feed", feed)  # a broker that tells prices of its own has a feed
        desk.venues[account.name] = Venue(account, broker, own)
    return feed


async def _teller(
    settings: Settings, desk: Desk, stack: AsyncExitStack, *, live: bool, factories: Mapping[str, BrokerFactory]
) -> Broker | None:
    """The account on whose prices paper accounts trade; without --live it does nothing else."""
    for section in settings.accounts:
        if section.name.casefold() == settings.market.feed.casefold() != "demo":
            if section.broker == "paper":
                raise SettingsError(f"market.feed: {section.name} tells no prices of its own; use demo")
            account = account_of(section, live=live)
            world = await world_of(desk, account, None) if live else World(desk.clock, desk.wire)
            broker = made(section, account, world, factories, teller=True)
            _feed_of(broker)
            await _start(broker, desk, stack)
            return broker
    return None


def made(
    section: AccountSettings,
    account: Account,
    world: World,
    factories: Mapping[str, BrokerFactory],
    *,
    teller: bool = False,
) -> Broker:
    """The broker of an account, a paper one where it trades on paper; a teller of prices is always the real one.

    Raises SettingsError for a broker that is not there yet, and for settings that it cannot begin with.
    """
    kind = section.broker if account.mode is Mode.LIVE or teller else "paper"
    if kind not in factories:
        raise SettingsError(f"accounts: {section.name}: broker {section.broker!r} cannot trade live yet")
    try:
        return factories[kind](account, section.model_dump(), world)
    except Broken as error:
        raise SettingsError(f"accounts: {error}") from None


def account_of(section: AccountSettings, *, live: bool) -> Account:
    return Account(
        name=AccountName(section.name),
        broker=section.broker,
        mode=Mode.LIVE if live and section.broker != "paper" else Mode.PAPER,
        currency=str(section.model_dump().get("currency", "RUB")),
        risk_percent=section.risk_percent,
        leverage_max=section.leverage_max,
    )


async def world_of(desk: Desk, account: Account, feed: Feed | None) -> World:
    fills = await desk.store.fills_since(EVER, account.name)
    held = [position for position in desk.ledger.positions.values() if position.account == account.name]
    entries = [entry for position in held if (entry := await desk.ledger.entry_of(position)) is not None]
    return World(desk.clock, desk.wire, feed, desk.ledger.live(account.name), fills, entries)


async def _start(broker: Broker, desk: Desk, stack: AsyncExitStack) -> None:
    rng = random.Random(broker.account)  # noqa: S311 - spreads tries, keeps no secret
    await retry(broker.start, on=Transient, tries=START_TRIES, sleep=desk.wire.sleep, rng=rng, longest_s=10)
    stack.push_async_callback(broker.close)


def _feed_of(broker: Broker) -> Feed:
    """Raises SettingsError for a broker without prices of its own."""
    feed: Feed | None = getattr(broker, "feed", None)
    if feed is None:
        raise SettingsError(f"market.feed: account {broker.account} tells no prices of its own; use demo")
    return feed
