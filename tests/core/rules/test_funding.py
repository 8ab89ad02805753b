"""Spot against perpetual: the figures by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.rules.funding import carries
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Funding
from core.values.money import Price, Quantity

STEP = Quantity(Decimal("0.001"))
PERPETUAL = Instrument(
    "BTCUSDT", "BYBIT", InstrumentKind.PERPETUAL, "USDT", STEP, Decimal("0.5"), STEP, basic_asset="BTC"
)


def told(rate: str = "0.0001", hours: int = 8, index: int = 60000, mark: int = 60000) -> Funding:
    return Funding("BTCUSDT", Decimal(rate), Decimal(hours), Price(Decimal(index)), Price(Decimal(mark)))


def test_a_tenth_of_a_thousandth_three_times_a_day() -> None:
    """60000 * 0.0001 * 3 * 30 = 540 on 60000 + 60000 / 5 = 72000, 0.75 % a month: 9.52 % a year."""
    [pair] = carries([PERPETUAL], [told()], Decimal(5), Decimal(0))
    assert (pair.profit, pair.margin, pair.days) == (Decimal(540), Decimal(72000), 30)
    assert pair.yearly == Decimal("9.52")


def test_a_premium_is_earned_as_well() -> None:
    """60060 against 60000: 60 more, and funding of the dearer price."""
    [pair] = carries([PERPETUAL], [told(mark=60060)], Decimal(5), Decimal(0))
    assert pair.profit == Decimal("600.54")


def test_it_is_told_as_coin_and_perpetual() -> None:
    """The coin by the name of its own market, since venues call both alike."""
    [pair] = carries([PERPETUAL], [told()], Decimal(5), Decimal(0))
    assert (pair.near.ticker, pair.far.ticker) == ("BTC/USDT", "BTCUSDT")


@pytest.mark.parametrize("funding", [told(rate="-0.0001"), told(rate="0.00001"), told(hours=0)])
def test_what_earns_too_little_is_left_out(funding: Funding) -> None:
    """Whoever is short pays, gets less than asked for, or nobody knows how often."""
    assert carries([PERPETUAL], [funding], Decimal(5), Decimal("7.5")) == []


def test_the_best_come_first() -> None:
    """By what they earn in a year."""
    other = Instrument("ETHUSDT", "BYBIT", InstrumentKind.PERPETUAL, "USDT", STEP, Decimal("0.5"), STEP)
    better = Funding("ETHUSDT", Decimal("0.0003"), Decimal(8), Price(Decimal(3000)), Price(Decimal(3000)))
    found = carries([PERPETUAL, other], [told(), better], Decimal(5), Decimal(0))
    assert [pair.far.ticker for pair in found] == ["ETHUSDT", "BTCUSDT"]
