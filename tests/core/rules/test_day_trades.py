"""Small accounts make few day trades."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from core.rules.day_trades import day_trades, may_day_trade
from core.values.fills import Fill
from core.values.ids import AccountName, FillId
from core.values.money import Price, Quantity
from core.values.orders import Side

TODAY = date(2026, 6, 17)
"""A Wednesday: the fifth market day back is Thursday, 11 June."""


def fills(sides: str, day: int = 17, ticker: str = "TXN") -> list[Fill]:
    """`bs`: bought, then sold, a minute each from 15:00 UTC."""
    one = Quantity(Decimal(1))
    return [
        Fill(
            FillId(f"{day}{ticker}{number}"),
            AccountName("America"),
            ticker,
            Side.BUY if side == "b" else Side.SELL,
            one,
            Price(Decimal(100)),
            Decimal(0),
            datetime(2026, 6, day, 15, tzinfo=UTC) + timedelta(minutes=number),
        )
        for number, side in enumerate(sides)
    ]


@pytest.mark.parametrize(
    ("made", "equity", "may"),
    [(3, "20000", False), (2, "20000", True), (3, "28000", False), (3, "28000.01", True), (0, "100", True)],
)
def test_tc_53_three_day_trades_end_them_for_a_small_account(made: int, equity: str, may: bool) -> None:  # noqa: FBT001 - the answer
    """More than two, and 28,000 or less."""
    assert may_day_trade(made, Decimal(equity)) is may


def test_tc_53_round_trips_of_five_market_days_count() -> None:
    """Today, Tuesday, Monday and, over the weekend, Friday and Thursday; Wednesday before does not."""
    known = [fill for day in (10, 11, 12, 15, 16, 17) for fill in fills("bs", day)]
    assert day_trades(known, "NYSE", TODAY) == 5


@pytest.mark.parametrize(
    ("sides", "count"), [("b", 0), ("bbss", 1), ("bsbs", 2), ("sb", 1), ("bsb", 1), ("sbs", 1), ("", 0)]
)
def test_tc_53_a_day_trade_is_opened_and_closed_on_one_day(sides: str, count: int) -> None:
    """Fills in parts are one."""
    assert day_trades(fills(sides), "NYSE", TODAY) == count


def test_tc_53_symbols_and_days_are_apart() -> None:
    """Bought on Tuesday and sold on Wednesday is none; nor is one symbol bought and another sold."""
    overnight = [*fills("b", 16), *fills("s", 17)]
    others = [*fills("b", ticker="A"), *fills("s", ticker="B")]
    assert day_trades([*overnight, *others], "NYSE", TODAY) == 0
