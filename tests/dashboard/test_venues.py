"""What pages ask of venues: few subscriptions, no longer than needed, and no question twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from brokers.paper.market import BuiltInMarket
from core.clock import ManualClock
from core.services.desk import Desk
from core.values.accounts import Account
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import Price, plain
from dashboard.search import Listed
from dashboard.venues import ASK_EVERY, FOLLOWED_MAX, LOOKED_AT, SWEEP_S, Venues
from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import House

TESTING = AccountName("Testing")


class Shy(BuiltInMarket):
    """The built-in market as most venues are: without a subscription it tells nothing by itself."""

    followed: Counter[str]
    questions: int

    def quote(self, ticker: str) -> Quote | None:
        return super().quote(ticker) if self.followed[ticker] else None

    async def watch(self, ticker: str) -> None:
        self.followed[ticker] += 1

    async def unwatch(self, ticker: str) -> None:
        self.followed[ticker] -= 1

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        self.questions += 1
        return await super().last_prices(tickers)


@pytest.fixture
def shy(house: House) -> Shy:
    """The house's account hears from this feed."""
    feed = Shy(seed=1, still=True, clock=house.engine.clock, wire=house.engine.wire)
    feed.followed, feed.questions = Counter(), 0
    venues = house.engine.desk.venues
    venues[TESTING] = replace(venues[TESTING], feed=feed)
    return feed


def listed(desk: Desk, ticker: str) -> Listed:
    account = desk.directory.account("Testing")
    assert isinstance(account, Account)
    return Listed(account, desk.directory.instrument(TESTING, ticker))


def venues(house: House) -> tuple[Venues, ManualClock]:
    """On a wire that stands still."""
    wire = ManualClock(house.engine.clock.now())
    return Venues(house.engine.clock, wire), wire


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_one_page_shows_alone_is_subscribed_to_until_nobody_looks(house: House, shy: Shy) -> None:
    """Once, however often it is drawn; given back soon after."""
    desk = house.engine.desk
    known, wire = venues(house)
    for _ in range(3):
        known.look(desk, [listed(desk, "SBER")], follow=True)
        await turns()
        await wire.advance(SWEEP_S)
    assert +shy.followed == Counter({"SBER": 1})
    await wire.advance(LOOKED_AT.total_seconds() + SWEEP_S)
    await turns()
    assert not +shy.followed


async def test_pages_never_take_many_subscriptions(house: House, shy: Shy) -> None:
    """Those looked at last have them."""
    desk = house.engine.desk
    known, wire = venues(house)
    sber = listed(desk, "SBER")
    many = [Listed(sber.account, replace(sber.instrument, ticker=f"X{n}")) for n in range(2 * FOLLOWED_MAX)]
    for each in many:
        known.look(desk, [each], follow=True)
        await wire.advance(0.01)
    await wire.advance(SWEEP_S)
    await turns()
    assert set(+shy.followed) == {f"X{n}" for n in range(FOLLOWED_MAX, 2 * FOLLOWED_MAX)}


async def test_a_list_asks_for_last_prices_together_and_seldom(house: House, shy: Shy) -> None:
    """One question for all of them; nothing is subscribed to."""
    desk = house.engine.desk
    known, wire = venues(house)
    shown = [listed(desk, ticker) for ticker in ("SBER", "GAZP", "BTCPERP")]
    for _ in range(int(ASK_EVERY.total_seconds() // SWEEP_S)):
        known.look(desk, shown)
        await turns()
        await wire.advance(SWEEP_S)
    assert shy.questions <= 2
    assert not +shy.followed
    market = BuiltInMarket.quote(shy, "GAZP")
    assert market is not None
    assert known.last(desk, shown[1]) == market.last


async def test_a_page_of_a_shy_venue_shows_last_prices(house: House, shy: Shy) -> None:
    """As soon as they are known."""
    instrument: Instrument = listed(house.engine.desk, "GAZP").instrument
    market = BuiltInMarket.quote(shy, instrument.ticker)
    assert market is not None
    assert market.last is not None
    words = f"<b>{plain(market.last)}</b>"
    headers = await log_in(house)
    for _ in range(50):
        page = parts_of(await opened_page(house, "/instruments?q=GAZP", headers))["list"]
        if words in page:
            break
    assert words in page
