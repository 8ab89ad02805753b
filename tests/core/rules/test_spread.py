"""What a spread is worth, when it is wanted, and when both legs trade."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.rules.sessions import sessions
from core.rules.spread import (
    average_price,
    common_sessions,
    immediate_price,
    opening,
    passive_price,
    ratio_of,
    triggered,
    weight_of,
)
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import Price, Quantity
from core.values.orders import Side
from core.values.spreads import LegDone

D = Decimal
NOW = datetime(2022, 6, 1, tzinfo=UTC)
ONE = Quantity(D(1))
OFFSET = timedelta(seconds=30)
SHARE = Instrument("SBER", "MOEX", InstrumentKind.SHARE, "RUB", Quantity(D(10)), D("0.01"), Quantity(D(10)))
FUTURE = Instrument(
    "SRZ6", "MOEX", InstrumentKind.FUTURE, "RUB", ONE, D(1), ONE, basic_asset="SBER", basic_asset_size=Quantity(D(100))
)


def quote(bid: str | None, ask: str | None) -> Quote:
    prices = [None if text is None else Price(D(text)) for text in (bid, ask)]
    return Quote("X", NOW, prices[0], prices[1])


def done(executed: int, average: str) -> LegDone:
    return LegDone(Quantity(D(executed)), Price(D(average)))


@pytest.mark.parametrize(
    ("far", "near", "override", "ratio"),
    [
        (FUTURE, SHARE, 10, 10),
        (FUTURE, SHARE, 0, 100),
        (FUTURE, replace(FUTURE, ticker="SRH7"), 0, 1),
        (SHARE, replace(SHARE, ticker="SBERP"), 0, 1),
        (FUTURE, replace(SHARE, ticker="GAZP"), 0, 0),
        (SHARE, FUTURE, 0, 0),
        (FUTURE, FUTURE, 0, 0),
        (replace(FUTURE, basic_asset_size=None), SHARE, 0, 0),
        (SHARE, FUTURE, -1, 0),
    ],
)
def test_tm_26_ratios(far: Instrument, near: Instrument, override: int, ratio: int) -> None:
    """What a person says, else what the future delivers, else 1 for two of a kind; 0 is no spread."""
    assert ratio_of(far, near, D(override)) == ratio


def test_tm_27_the_price_of_a_spread() -> None:
    """Far ask 15620, near bid 150, ratio 100, sold: 620; bought it is the other sides."""
    far, near = quote("15610", "15620"), quote("150", "151")
    assert passive_price(Side.SELL, far, near, D(100)) == 620
    assert passive_price(Side.BUY, far, near, D(100)) == 510


def test_w_08_the_immediate_price_takes_both_books() -> None:
    """Sold at 15610 against 151; bought at 15620 against 150: worse than joining by both spreads."""
    far, near = quote("15610", "15620"), quote("150", "151")
    assert immediate_price(Side.SELL, far, near, D(100)) == 510
    assert immediate_price(Side.BUY, far, near, D(100)) == 620


def test_an_empty_side_has_no_price_and_triggers_nothing() -> None:
    """Neither way."""
    assert passive_price(Side.SELL, quote("1", None), quote("1", "1"), D(1)) is None
    assert immediate_price(Side.SELL, quote("1", "2"), quote("1", None), D(1)) is None
    assert not triggered(Side.SELL, None, D(-(10**9)))


@pytest.mark.parametrize(("target", "sell", "buy"), [("620", False, False), ("619", True, False), ("621", False, True)])
def test_tm_28_triggers_are_strict(target: str, sell: bool, buy: bool) -> None:  # noqa: FBT001 - a table
    """At 620: better than the target, never equal."""
    assert (triggered(Side.SELL, D(620), D(target)), triggered(Side.BUY, D(620), D(target))) == (sell, buy)


def test_tm_34_the_average_price_of_a_spread() -> None:
    """Far 10 at 100, near 20 at 200: -300. Nothing done: 0."""
    assert average_price(done(10, "100"), done(20, "200"), D(2), D(2)) == -300
    assert average_price(LegDone(), LegDone(), D(2), D(2)) == 0


def test_legs_whose_points_are_worth_different_money_are_weighed() -> None:
    """A far point is worth 10 of the near leg's: a near price counts a tenth."""
    far = replace(FUTURE, point_value=D(10))
    assert weight_of(far, SHARE, D(100)) == 10
    assert average_price(done(1, "1562"), done(100, "150"), D(10), D(100)) == 62


def test_tm_35_the_common_sessions_of_both_legs() -> None:
    """A Wednesday of 2022 in Moscow: the shares' hours cut the futures', and the futures' pause the shares'."""
    day = datetime(2022, 6, 1, tzinfo=UTC)
    far, near = (sessions(name, day, day + timedelta(days=1)) for name in ("MOEX-futures", "MOEX-shares"))
    found = [f"{s.opens_at:%H:%M:%S}-{s.closes_at:%H:%M:%S}" for s in common_sessions(far, near, OFFSET)]
    assert found == ["06:00:30-06:49:30", "07:00:30-10:59:30", "11:05:30-15:39:29", "16:05:30-20:49:30"]


def test_the_next_opening() -> None:
    """Now while both trade, both ends included; else the next; nothing where none is known."""
    day = datetime(2022, 6, 1, tzinfo=UTC)
    both = common_sessions(sessions("MOEX-shares", day, day + timedelta(days=1)), [], OFFSET)
    assert opening(both, day) is None
    hours = sessions("MOEX-shares", day, day + timedelta(days=1))
    found = common_sessions(hours, hours, OFFSET)
    for moment in (found[1].opens_at, found[1].closes_at):
        assert opening(found, moment) == moment
    assert opening(found, found[1].closes_at + timedelta(seconds=1)) == found[2].opens_at
    assert opening(found, found[-1].closes_at + timedelta(seconds=1)) is None
