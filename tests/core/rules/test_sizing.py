"""How much to trade, from how much may be lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.rules.sizing import OverLeverage, size_by_risk, size_by_sum, whole_steps
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from core.values.orders import Refused

D = Decimal
COIN = Instrument(
    "BTCPERP", "BYBIT", InstrumentKind.PERPETUAL, "USD", Quantity(D("0.001")), D("0.5"), Quantity(D("0.001"))
)
SHARE = Instrument("SBER", "MOEX", InstrumentKind.SHARE, "RUB", Quantity(D(10)), D("0.01"), Quantity(D(10)))


def code(answer: Quantity | Refused) -> str:
    return answer.code if isinstance(answer, Refused) else ""


def test_le_12_size_is_what_loses_the_risk_at_the_stop() -> None:
    """10000, 1 %, 40000 with stop 39800: 0.5, for a short as well."""
    assert size_by_risk(D(10000), D(1), D(40000), D(39800), COIN, D(5)) == D("0.5")
    assert size_by_risk(D(10000), D(1), D(40000), D(40200), COIN, D(5)) == D("0.5")


def test_le_12_points_are_money() -> None:
    """A future of 100 roubles a point risks a hundred times as much a piece."""
    future = replace(COIN, point_value=D(100), step=Quantity(D("0.0001")))
    assert size_by_risk(D(10000), D(1), D(400), D(398), future, D(5)) == D("0.5")


def test_le_13_the_leverage_limit_is_a_limit() -> None:
    """At 5 it passes, beyond it is refused with both figures."""
    assert size_by_risk(D(10000), D(1), D(40000), D(39920), COIN, D(5)) == D("1.25")
    beyond = size_by_risk(D(10000), D(1), D(40000), D(39960), COIN, D(5))
    assert beyond == Refused("over_leverage", {"leverage": "10", "leverage_max": "5"})


def test_le_13_or_it_is_capped() -> None:
    """By setting: as much as the leverage carries."""
    assert size_by_risk(D(10000), D(1), D(40000), D(39960), COIN, D(5), OverLeverage.CAP) == D("1.25")
    assert size_by_risk(D(10000), D(1), D(40000), D(39960), COIN, D(5), OverLeverage.CAP, cost=D(50000)) == D(1)


def test_le_14_size_is_rounded_down_to_the_step() -> None:
    """Never up: nobody loses more than was meant."""
    assert size_by_risk(D(10000), D(1), D(40000), D(39700), COIN, D(5)) == D("0.333")
    assert size_by_risk(D(1000), D(1), D(300), D("299.5"), SHARE, D(99)) == D(20)


def test_less_than_one_step_is_refused() -> None:
    """Zero lots are no order."""
    assert code(size_by_risk(D(1000), D(1), D(300), D(298), SHARE, D(5))) == "zero_size"


def test_a_stop_at_the_price_is_refused() -> None:
    """It would size to infinity."""
    assert code(size_by_risk(D(10000), D(1), D(40000), D(40000), COIN, D(5))) == "stop_at_price"


@pytest.mark.parametrize("free", [D(0), D(-5)])
def test_without_money_there_is_no_size(free: Decimal) -> None:
    """Nor with debts."""
    assert code(size_by_risk(free, D(1), D(40000), D(39800), COIN, D(5))) == "no_collateral"


def test_a_sum_buys_whole_lots() -> None:
    """5050 at 200 are two lots of ten; 1500 are none."""
    assert size_by_sum(D(5050), D(200), SHARE) == D(20)
    assert code(size_by_sum(D(1500), D(200), SHARE)) == "zero_size"


def test_pieces_are_rounded_down_to_lots() -> None:
    """25 are 20."""
    assert whole_steps(D(25), SHARE) == D(20)
    assert code(whole_steps(D(9), SHARE)) == "zero_size"


money = st.decimals("1", "1000000", places=2)


@given(money, st.decimals("0.1", "5", places=1), money, money, st.sampled_from(OverLeverage))
def test_no_size_loses_more_or_levers_more_than_allowed(
    free: Decimal, risk: Decimal, price: Decimal, stop: Decimal, mode: OverLeverage
) -> None:
    """Whatever the figures."""
    size = size_by_risk(free, risk, price, stop, COIN, D(5), mode)
    assume(not isinstance(size, Refused))
    assert isinstance(size, Decimal)
    assert COIN.on_step(size)
    assert size * abs(price - stop) <= free * risk / 100
    assert size * price <= free * 5
